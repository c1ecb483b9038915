import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { background } from '../../../src/concurrency/index.ts';
import { dial } from '../../../src/net/websocket/index.ts';
import { bytesOfCase, limits } from './case.ts';
import { sections } from './cases/all.ts';
import { assertAnswers, assertRead } from './expected.ts';
import { rawServer } from './raw-peer.ts';

const accepted =
  'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n';

describe('our client, by the table', () => {
  let server: Server;
  let next = Promise.withResolvers<Socket>();
  before(async () => {
    server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => next.resolve(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => void server.close());

  for (const [section, cases] of Object.entries(sections)) {
    describe(section, () => {
      for (const one of cases) {
        it(one.name, async () => {
          next = Promise.withResolvers();
          const { port } = server.address() as AddressInfo;
          const dialled = dial(background(), `ws://127.0.0.1:${port}/`, {
            ...limits,
            deflate: { thresholdBytes: 1_000_000 },
          });
          const { peer } = await rawServer(await next.promise, one.deflate ? accepted : '');
          const ws = await dialled;

          peer.socket.write(bytesOfCase(one, 'server'));
          const messages: (string | Uint8Array)[] = [];
          for await (const message of ws) {
            messages.push(message);
            if (ws.isOpen) await ws.send(ws.ctx, message);
          }
          // A client waits for the server to close first; after a failure it closes its half itself.
          peer.socket.end();
          const frames = await peer.ended;

          assertRead(messages, one.outcomes);
          assertAnswers(frames, one.outcomes, true);
        });
      }
    });
  }
});
