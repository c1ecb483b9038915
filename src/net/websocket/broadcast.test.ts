import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { close } from '../../../test/conformance/websocket/frames.ts';
import { type RawPeer, rawClient } from '../../../test/conformance/websocket/raw-peer.ts';
import { background } from '../../concurrency/index.ts';
import { broadcast, dial, encodeMessage, Room, type WebSocketConnection } from './index.ts';
import { serveWebSocket, type TestServer } from './websocket.fixture.ts';

const ctx = background();

/** Clients in a room, one for each of these offers of compression. */
async function room(offers: readonly string[]): Promise<{ room: Room; server: TestServer; peers: RawPeer[] }> {
  const members = new Room();
  const server = await serveWebSocket(async (ctx, ws) => {
    using _ = members.join(ws);
    await ws.discard(ctx);
  });
  const peers: RawPeer[] = [];
  for (const offer of offers)
    peers.push((await rawClient(server.port, offer === '' ? '' : `Sec-WebSocket-Extensions: ${offer}\r\n`)).peer);
  return { room: members, server, peers };
}

describe('a broadcast', () => {
  it('reaches all members, compressed for those who agreed on it', async () => {
    const offers = ['', 'permessage-deflate', 'permessage-deflate; server_max_window_bits=10'];
    const { room: members, server, peers } = await room(offers);
    await using _ = server;
    const message = JSON.stringify(Array.from({ length: 500 }, (_, id) => ({ id })));

    const result = members.broadcast(message);

    assert.deepEqual(result, { sent: 3, missed: 0 });
    const [plain, deflated, small] = await Promise.all(peers.map(async (peer) => (await peer.count(1))[0]!));
    assert.deepEqual([plain!.rsv, deflated!.rsv], [0, 4]);
    assert.equal(plain!.payload.toString(), message);
    const end = Buffer.of(0, 0, 0xff, 0xff, 3, 0);
    assert.equal(inflateRawSync(Buffer.concat([deflated!.payload, end])).toString(), message);
    // The one frame for all was made with a larger window than this client has.
    assert.equal(small!.rsv === 0 ? small!.payload.toString() : message, message);
    for (const peer of peers) peer.socket.destroy();
  });

  it('of a prepared message sends the same text, bytes and short messages', async () => {
    const { room: members, server, peers } = await room(['', '']);
    await using _ = server;
    const messages = ['', 'short', 'é€𝄞', 'x'.repeat(5000), Buffer.from([0, 255]), Buffer.alloc(10_000, 7)];

    for (const message of messages) members.broadcast(encodeMessage(message));

    for (const peer of peers) {
      const frames = await peer.count(messages.length);
      for (const [index, message] of messages.entries()) {
        assert.equal(frames[index]!.opcode, typeof message === 'string' ? 1 : 2);
        assert.ok(frames[index]!.payload.equals(Buffer.from(message as string)));
      }
      peer.socket.destroy();
    }
  });

  it('passes over members that have closed', async () => {
    const { room: members, server, peers } = await room(['', '']);
    await using _ = server;
    const all = [...members];

    const closing = all[0]!.close();
    await peers[0]!.count(1);
    peers[0]!.send(close(1000));
    await closing;
    const result = broadcast(all, 'x');

    assert.deepEqual(result, { sent: 1, missed: 1 });
    for (const peer of peers) peer.socket.destroy();
  });

  it('can go through clients too, masked for each', async () => {
    const got: unknown[] = [];
    const both = Promise.withResolvers<void>();
    await using server = await serveWebSocket(async (_ctx, ws) => {
      for await (const message of ws) if (got.push(message) === 4) both.resolve();
    });
    await using a = await dial(ctx, server.url);
    await using b = await dial(ctx, server.url);

    const long = 'y'.repeat(3000);
    broadcast([a, b], encodeMessage('hi'));
    broadcast([a, b], encodeMessage(long));
    await both.promise;

    assert.deepEqual(got.sort(), ['hi', 'hi', long, long]);
  });

  it('refuses what is no message, and a level that zlib has not', () => {
    assert.throws(() => encodeMessage(7 as unknown as string), /a message must be a string/);
    assert.throws(() => encodeMessage('x', { level: 10 }), RangeError);
  });
});

describe('a room', () => {
  it('holds its members until they leave', async () => {
    const members = new Room();
    const inside = Promise.withResolvers<void>();
    const out = Promise.withResolvers<void>();
    await using server = await serveWebSocket(async (ctx, ws) => {
      {
        using _ = members.join(ws);
        members.join(ws);
        inside.resolve();
        await ws.read(ctx);
      }
      out.resolve();
    });
    await using ws: WebSocketConnection = await dial(ctx, server.url);

    await inside.promise;
    const size = members.size;
    await ws.send(ctx, 'leave');
    await out.promise;

    assert.deepEqual([size, members.size, [...members].length], [1, 0, 0]);
  });
});
