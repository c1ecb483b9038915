import { existsSync } from 'node:fs';
import type { Contestant, MakeSubject, Row } from './harness.ts';
import { growthPerConnection, requireDescriptors } from './http-memory/growth.ts';
import { type Handshake, handshakes } from './http-memory/handshake.ts';

/**
 * What an idle connection keeps resident: how much a server process grows with 10,000 of them, less what a bare `net`
 * server of the same run grows by, per connection. Each has made one request (or its WebSocket handshake) before it idles.
 * Every figure is of a fresh process whose garbage was collected before it was read. Memory of the kernel is not in it.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const connections = quick ? 2000 : 10_000;
  requireDescriptors(connections);
  const contestant =
    (programs: Readonly<Partial<Record<Handshake, string>>>): Contestant =>
    async (part) => {
      const handshake = part as Handshake;
      const program = programs[handshake];
      if (program === undefined) return {};
      const bare = await growthPerConnection('http-memory/net.ts', 'keep-alive', connections);
      const own = await growthPerConnection(program, handshake, connections);
      return { [handshake]: own - bare };
    };
  const hasWs = existsSync(new URL('peers/node_modules/ws', import.meta.url));
  return {
    rows,
    parts: handshakes,
    ours: contestant({ 'keep-alive': 'http-memory/ours.ts', websocket: 'http-memory/ours.ts' }),
    peers: {
      'node-http': contestant({ 'keep-alive': 'http-memory/node-http.ts' }),
      ...(hasWs && { ws: contestant({ websocket: 'peers/http/ws-memory.ts' }) }),
    },
    ...(!hasWs && { skipped: { ws: 'not installed; `npm run bench -- http-memory` installs it into bench/peers' } }),
    async close() {},
  };
};

const rows: readonly Row[] = [
  { name: 'keep-alive', unit: 'B', better: 'lower', limit: 2048 },
  { name: 'websocket', unit: 'B', better: 'lower', limit: 4096 },
];
