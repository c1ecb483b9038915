import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ping } from '../../../test/conformance/websocket/frames.ts';
import { type RawPeer, rawClient } from '../../../test/conformance/websocket/raw-peer.ts';
import { background } from '../../concurrency/index.ts';
import { broadcast, type CloseInfo, type WebSocketConnection } from './index.ts';
import { serveWebSocket } from './websocket.fixture.ts';
import type { WebSocketOptions } from './websocket.ts';

const ctx = background();
const chunk = Buffer.alloc(50_000, 1);
/** Too large for what room `fill` leaves. */
const big = (name: string) => name.padEnd(60_000, '.');
const nameOf = (payload: Buffer) => payload.toString().replace(/\.+$/, '');

interface Slow extends AsyncDisposable {
  readonly ws: WebSocketConnection;
  readonly peer: RawPeer;
  readonly ended: Promise<CloseInfo>;
}

/** A server and a client that takes nothing until it is told to. */
async function slow(options: WebSocketOptions): Promise<Slow> {
  const began = Promise.withResolvers<WebSocketConnection>();
  const ended = Promise.withResolvers<CloseInfo>();
  const server = await serveWebSocket(
    async (ctx, ws) => {
      began.resolve(ws);
      ended.resolve(await ws.discard(ctx));
    },
    { deflate: false, ...options },
  );
  const { peer } = await rawClient(server.port);
  peer.socket.pause();
  return {
    ws: await began.promise,
    peer,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      peer.socket.destroy();
      await ended.promise;
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Sends until there is no room, and none comes for some turns of the loop; gives what was taken. */
async function fill(ws: WebSocketConnection): Promise<number> {
  let sent = 0;
  for (let fullFor = 0; fullFor < 20 && ws.isOpen; ) {
    if (ws.trySend(chunk)) {
      sent++;
      fullFor = 0;
      assert.ok(sent < 10_000, 'it never has enough');
    } else {
      fullFor++;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return sent;
}

describe('a slow reader', () => {
  it('makes send wait, and trySend refuse, with no more than the limit buffered', async () => {
    await using test = await slow({ maxBufferedBytes: 300_000 });
    const { ws, peer } = test;

    const sent = await fill(ws);
    const buffered = ws.bufferedBytes;
    const waiting = [ws.send(ctx, big('first')), ws.send(ctx, big('second'))];
    peer.socket.resume();
    await Promise.all(waiting);
    await ws.send(ctx, 'third');
    const frames = await peer.count(sent + 3);

    assert.ok(buffered <= 300_000 && buffered > 200_000, `${buffered} bytes`);
    assert.ok(waiting.every((one) => one instanceof Promise));
    assert.deepEqual(
      frames.slice(sent).map(({ payload }) => nameOf(payload)),
      ['first', 'second', 'third'],
    );
    assert.ok(ws.dropped > 0);
  });

  it('is waited for no longer than the Context lasts, and the others keep their places', async () => {
    await using test = await slow({ maxBufferedBytes: 300_000 });
    const { ws, peer } = test;
    const sent = await fill(ws);
    const short = ctx.withCancel();

    const gone = ws.send(short, big('gone'));
    const kept = ws.send(ctx, big('kept'));
    short.cancel();
    await assert.rejects(async () => gone, { code: 'canceled' });
    peer.socket.resume();
    await kept;

    assert.equal(nameOf((await peer.count(sent + 1))[sent]!.payload), 'kept');
  });

  it('fails those who wait when the connection ends', async () => {
    await using test = await slow({ maxBufferedBytes: 300_000 });
    await fill(test.ws);

    const waiting = test.ws.send(ctx, big('never'));
    test.peer.socket.destroy();

    await assert.rejects(async () => waiting, { reason: 'CONNECTION_CLOSED' });
  });

  it('loses what is sent meanwhile where the policy is to drop', async () => {
    await using test = await slow({ maxBufferedBytes: 300_000, whenSlow: 'drop' });
    const { ws, peer } = test;

    const sent = await fill(ws);
    const before = ws.dropped;
    const answers = [ws.send(ctx, big('dropped')), ws.trySend(big('dropped'))];
    const dropped = ws.dropped - before;
    peer.socket.resume();
    await peer.count(sent);
    while (ws.bufferedBytes > 0) await new Promise((resolve) => setImmediate(resolve));
    await ws.send(ctx, 'there is room again');
    const frames = await peer.count(sent + 1);

    assert.deepEqual([answers, dropped], [[undefined, false], 2]);
    assert.equal(frames[sent]!.payload.toString(), 'there is room again');
  });

  it('is cut where the policy is to disconnect', async () => {
    await using test = await slow({ maxBufferedBytes: 300_000, whenSlow: 'disconnect' });
    const { ws } = test;

    await fill(ws);

    assert.equal(ws.isOpen, false);
    assert.deepEqual(await test.ended, { code: 1008, reason: 'too slow', wasClean: false });
    assert.throws(() => ws.send(ctx, 'x'), { code: 'resource_exhausted', reason: 'SLOW_READER' });
  });

  it('tells the send that found no room why it was cut', async () => {
    await using test = await slow({ maxBufferedBytes: 300_000, whenSlow: 'disconnect' });
    const { ws } = test;

    assert.throws(
      () => {
        for (let i = 0; i < 1000; i++) ws.send(ctx, chunk);
      },
      { code: 'resource_exhausted', reason: 'SLOW_READER' },
    );
  });

  it('does not hold up a broadcast', async () => {
    await using test = await slow({ maxBufferedBytes: 300_000 });
    await using other = await slow({ maxBufferedBytes: 300_000 });
    other.peer.socket.resume();
    await fill(test.ws);

    const result = broadcast([test.ws, other.ws], big('news'));

    assert.deepEqual(result, { sent: 1, missed: 1 });
    assert.equal(nameOf((await other.peer.count(1))[0]!.payload), 'news');
  });

  it('that asks for pongs and takes none is sent the last one once it takes them', async () => {
    await using test = await slow({ maxBufferedBytes: 100_000 });
    const { ws, peer } = test;
    // More than the kernel takes, as one message: nothing waited before it.
    ws.trySend(Buffer.alloc(20_000_000));

    for (let i = 0; i < 3; i++) peer.send(ping(`ping ${i}`));
    while (Buffer.from((ws as unknown as { unanswered?: Uint8Array }).unanswered ?? '').toString() !== 'ping 2')
      await new Promise((resolve) => setImmediate(resolve));
    peer.socket.resume();
    const frames = await peer.count(2);

    assert.deepEqual([frames[1]!.opcode, frames[1]!.payload.toString()], [10, 'ping 2']);
  });

  it('gets a single message that is larger than the limit', async () => {
    await using test = await slow({ maxBufferedBytes: 1000, whenSlow: 'disconnect' });
    test.peer.socket.resume();

    assert.equal(test.ws.trySend(Buffer.alloc(200_000)), true);
    assert.equal((await test.peer.count(1))[0]!.payload.length, 200_000);
  });
});
