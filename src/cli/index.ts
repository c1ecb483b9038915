/**
 * # flotilla/cli
 *
 * The command `flotilla`, for programs that bring their own entry point.
 *
 *     process.exitCode = await runProgram(['up', 'fleet.ts', '--port', '9000']);
 *
 * Rules: a flag has an environment variable where an operator would set it once; a wrong command line exits with 2 and
 * says what was meant. Not here: what the commands do (`flotilla/fleet`), but for the load generator, which is theirs.
 */
export type { Percentiles } from './load/histogram.ts';
export type { LoadReport } from './load/report.ts';
export { runProgram } from './program.ts';
