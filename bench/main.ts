/**
 * `npm run bench -- <subject> [--json FILE] [--quick] [--rounds N]`: runs one file of this folder beside its peers.
 */
import { existsSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatReport, type MakeSubject, runSubject, writeReport } from './harness.ts';

const notSubjects = new Set(['main', 'harness']);
const subjects = readdirSync(import.meta.dirname)
  .filter((file) => /^[a-z0-9-]+\.ts$/.test(file))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !notSubjects.has(name));

const usage = `usage: npm run bench -- <subject> [--json FILE] [--quick] [--rounds N]\nsubjects: ${subjects.join(', ')}`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [name] = positionals;
  if (values.help || name === undefined || positionals.length > 1) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  if (!subjects.includes(name) || !existsSync(new URL(`./${name}.ts`, import.meta.url))) {
    console.error(`bench: there is no subject "${name}"\n${usage}`);
    return 2;
  }
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 7) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
    console.error(`bench: --rounds ${values.rounds} must be a whole number from 1 to 100`);
    return 2;
  }
  const { subject } = (await import(`./${name}.ts`)) as { subject: MakeSubject };
  const report = await runSubject(name, subject, { quick: values.quick, rounds });
  console.log(formatReport(report));
  if (values.json !== undefined) writeReport(report, values.json);
  return 0;
}

// So that what a subject has started ends with this process: by default a signal would skip its 'exit' listeners.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(isUsage ? `bench: ${error.message}\n${usage}` : error);
  process.exitCode = 1;
}
