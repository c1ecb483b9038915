import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Contestant, MakeSubject, Row } from './harness.ts';
import { nodeProgram, ServerProcess } from './http/server-process.ts';
import { type AttackName, attacks } from './http-hostile/attacks.ts';
import { HonestClient, quantile } from './http-hostile/honest.ts';
import { requireDescriptors } from './http-memory/growth.ts';

/**
 * What hostile clients do to honest ones: the 99th percentile of an honest client's latency under an attack, by that of the
 * same client and server just before it. The client sends 500 small requests a second in an open loop; the attackers are
 * a process of the lowest priority, so that it is the server that they slow down and not the client.
 */
export const subject: MakeSubject = async ({ quick }) => {
  requireDescriptors(attacks.idle.connections);
  const seconds = quick ? 1 : 4;
  const contestant =
    (program: string): Contestant =>
    async (part) => ({ [part]: await slowdown(program, part as AttackName, seconds) });
  return {
    rows,
    parts: names,
    ours: contestant('http-hostile/ours.ts'),
    peers: { 'node-http': contestant('http-hostile/node-http.ts') },
    async close() {},
  };
};

const names = Object.keys(attacks) as AttackName[];
const rows: readonly Row[] = names.map((name) => ({ name, unit: '×', better: 'lower', limit: 3 }));

const perSecond = 500;
const connections = 20;

async function slowdown(program: string, attack: AttackName, seconds: number): Promise<number> {
  const server = await ServerProcess.start(nodeProgram(program), []);
  const abandon = () => server.abandon();
  process.once('exit', abandon);
  const honest = new HonestClient(server.port, connections);
  try {
    // The first requests find code that is not compiled yet.
    await honest.measure(perSecond, 1);
    const before = quantile(await honest.measure(perSecond, seconds), 0.99);
    await using _attacker = await startAttacker(server.port, attack);
    const during = quantile(await honest.measure(perSecond, seconds), 0.99);
    if (process.env.FLOTILLA_BENCH_VERBOSE) console.error(program, attack, before.toFixed(2), during.toFixed(2));
    return during / before;
  } finally {
    await honest.close();
    process.off('exit', abandon);
    await server.stop();
  }
}

async function startAttacker(port: number, attack: AttackName): Promise<AsyncDisposable> {
  const child = fork(new URL('http-hostile/attacker.ts', import.meta.url), [String(port), attack]);
  const ended = once(child, 'exit');
  await Promise.race([once(child, 'message'), ended]);
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
