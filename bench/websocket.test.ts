import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Room } from 'flotilla/net/websocket';
import { serveWebSocket } from '../src/net/websocket/websocket.fixture.ts';
import { Echoes, Listeners, open } from './websocket/load.ts';
import { message } from './websocket/measured.ts';

test('echoes count what came back whole', async () => {
  let received = 0;
  await using server = await serveWebSocket(async (ctx, ws) => {
    for await (const text of ws) {
      assert.equal(text, message);
      received++;
      await ws.send(ctx, text);
    }
  });

  const echoes = new Echoes(await open(server.port, '/', 3), 4);
  while (echoes.answered < 60) await new Promise((resolve) => setImmediate(resolve));
  echoes.stop();

  assert.ok(received >= echoes.answered);
});

test('listeners wait until everybody has heard all', async () => {
  const room = new Room();
  await using server = await serveWebSocket(async (ctx, ws) => {
    using _ = room.join(ws);
    await ws.discard(ctx);
  });
  const listeners = new Listeners(await open(server.port, '/', 5));
  while (room.size < 5) await new Promise((resolve) => setImmediate(resolve));

  const heard = listeners.heard(3);
  for (let i = 0; i < 3; i++) assert.deepEqual(room.broadcast(message), { sent: 5, missed: 0 });
  await heard;

  listeners.close();
});
