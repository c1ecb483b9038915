import { after, before, describe, it } from 'node:test';
import { serveWebSocket, type TestServer } from '../../../src/net/websocket/websocket.fixture.ts';
import { bytesOfCase, limits } from './case.ts';
import { sections } from './cases/all.ts';
import { assertAnswers } from './expected.ts';
import { rawClient } from './raw-peer.ts';

// What is echoed is not compressed, so that it can be compared.
const options = { ...limits, deflate: { thresholdBytes: 1_000_000 } };

describe('our server, by the table', () => {
  let server: TestServer;
  before(async () => {
    server = await serveWebSocket(async (ctx, ws) => {
      for await (const message of ws) await ws.send(ctx, message);
    }, options);
  });
  after(() => server[Symbol.asyncDispose]());

  for (const [section, cases] of Object.entries(sections)) {
    describe(section, () => {
      for (const one of cases) {
        it(one.name, async () => {
          const { peer } = await rawClient(
            server.port,
            one.deflate ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '',
          );

          peer.socket.write(bytesOfCase(one, 'client'));
          const frames = await peer.ended;
          peer.socket.end();

          assertAnswers(frames, one.outcomes, false);
        });
      }
    });
  }
});
