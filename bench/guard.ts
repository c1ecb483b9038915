import { ourWorks } from './guard/ours.ts';
import { type RejectServer, rejectServer } from './guard/reject.ts';
import { rows } from './guard/rows.ts';
import { contestant, type Works } from './guard/work.ts';
import type { Contestant, MakeSubject } from './harness.ts';
import { pinning } from './http/pinning.ts';
import { peerGuards } from './peers/guard/peers.ts';

/**
 * What a decision of a breaker or a limiter costs, what the whole chain of a server costs, and what a refused HTTP request
 * costs, in CPU time, beside the libraries that people use for the same, each in the form that is cheapest to call. Theirs
 * give promises, which are awaited, as their callers have to; what awaiting the bare call of a breaker takes is taken off.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const pin = pinning();
  const targetMs = quick ? 60 : 300;
  const seconds = quick ? 0.5 : 2;
  const libraries = await peerGuards();
  const servers: RejectServer[] = [];
  const serve = async (file: string): Promise<RejectServer> => {
    const server = await rejectServer(file, pin.server, seconds);
    servers.push(server);
    return server;
  };
  const peers: Record<string, Contestant> = {};
  for (const [name, works] of Object.entries(libraries.works)) {
    const server = name === '@fastify/rate-limit' ? await serve('peers/guard/fastify.ts') : undefined;
    peers[name] = both(works, targetMs, server);
  }
  return {
    rows,
    parts: rows.map(({ name }) => name),
    ours: both(ourWorks, targetMs, await serve('guard/reject-server.ts')),
    peers,
    skipped: libraries.skipped,
    async close() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
};

function both(works: Works, targetMs: number, server: RejectServer | undefined): Contestant {
  const inProcess = contestant(works, targetMs);
  return async (part) => (part === 'reject' ? ((await server?.contestant(part)) ?? {}) : inProcess(part));
}
