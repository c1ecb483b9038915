import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import type { Contestant, MakeSubject } from './harness.ts';
import { checkAnswer } from './http/check-answer.ts';
import { contenders, type Programs } from './http/contenders.ts';
import { pinning } from './http/pinning.ts';
import { loads, medianRow, type RowName, rowNames, rows } from './http/rows.ts';
import { type Program, ServerProcess } from './http/server-process.ts';
import { runWrk } from './http/wrk.ts';

/**
 * The HTTP server under wrk beside those that people use, each in its best production configuration: `bench/http` has
 * ours, `bench/peers/http` the others. Every server is a process of its own on core 0 and runs all the time, wrk is on
 * core 1. All servers are measured in a row before the next row, since a machine's speed drifts. Beside the requests per
 * second stands the server's CPU time per request, which a busy machine moves less.
 *
 * `feature-json` has the features on for both; `bench/peers/http/fastify-features.ts` says what they are there.
 * `fastify-bare` is Fastify without any, under the same load.
 */
export const subject: MakeSubject = async ({ quick }) => {
  if (spawnSync('wrk', ['-v']).error !== undefined) {
    throw new Error('the http bench needs wrk, which is not on PATH: apt install wrk');
  }
  const [load = 0] = loadavg();
  if (load > busyLoad)
    process.stderr.write(`this machine is busy (load average ${load}): do not quote these figures\n`);
  const pin = pinning();
  const { ours, peers, skipped } = contenders();
  const servers = new Map<Program, ServerProcess>();
  const abandon = () => {
    for (const server of servers.values()) server.abandon();
  };
  process.once('exit', abandon);
  const close = async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()));
    process.off('exit', abandon);
  };
  try {
    for (const programs of [ours, ...Object.values(peers)]) await start(programs, servers, pin.server);
  } catch (error) {
    await close();
    throw error;
  }
  const contestant =
    (programs: Programs): Contestant =>
    async (part) => {
      const row = part as RowName;
      const program = programs[row];
      if (program === undefined) return {};
      return measure(row, servers.get(program)!, quick ? 1 : 2, pin.client);
    };
  return {
    rows,
    parts: rowNames,
    ours: contestant(ours),
    peers: Object.fromEntries(Object.entries(peers).map(([name, programs]) => [name, contestant(programs)])),
    skipped,
    summary: (measured) => [medianRow(measured)],
    close,
  };
};

/** More than a bench that has just ended leaves behind. */
const busyLoad = 1.5;

/** Starts the programs that do not run yet, and looks at what they answer. */
async function start(
  programs: Programs,
  servers: Map<Program, ServerProcess>,
  prefix: readonly string[],
): Promise<void> {
  for (const [row, program] of Object.entries(programs)) {
    if (!servers.has(program)) servers.set(program, await ServerProcess.start(program, prefix));
    await checkAnswer(loads[row as RowName], servers.get(program)!);
  }
}

async function measure(
  row: RowName,
  server: ServerProcess,
  seconds: number,
  prefix: readonly string[],
): Promise<Record<string, number>> {
  const before = server.cpuMicros();
  const { requests, requestsPerSecond } = await runWrk(loads[row], { port: server.port, seconds, prefix }).catch(
    (error) => {
      throw new Error(`${server.name} failed in the row ${row}`, { cause: error });
    },
  );
  return { [row]: requestsPerSecond, [`cpu-${row}`]: (server.cpuMicros() - before) / requests };
}
