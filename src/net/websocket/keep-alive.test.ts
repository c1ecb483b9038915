import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { close, type Frame, pong, text } from '../../../test/conformance/websocket/frames.ts';
import { type RawPeer, rawClient } from '../../../test/conformance/websocket/raw-peer.ts';
import { rootContext } from '../../concurrency/index.ts';
import { type VirtualClock, virtualClock } from '../../testing/index.ts';
import type { TimedConnection } from './connection/keep-alive.ts';
import type { CloseInfo, WebSocketConnection } from './index.ts';
import { serveWebSocket, type TestServer } from './websocket.fixture.ts';
import type { WebSocketOptions } from './websocket.ts';

interface Served extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly peer: RawPeer;
  readonly ws: WebSocketConnection;
  /** What the handler saw at the end. */
  readonly ended: Promise<CloseInfo | undefined>;
}

/** A server on a clock of its own, and one client of it that does what the test says. */
async function served(options: WebSocketOptions): Promise<Served> {
  const clock = virtualClock();
  const began = Promise.withResolvers<WebSocketConnection>();
  const ended = Promise.withResolvers<CloseInfo | undefined>();
  const server: TestServer = await serveWebSocket(
    async (ctx, ws) => {
      began.resolve(ws);
      ended.resolve(await ws.discard(ctx));
    },
    options,
    rootContext(clock),
  );
  const { peer } = await rawClient(server.port);
  return {
    clock,
    peer,
    ws: await began.promise,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      peer.socket.destroy();
      await ended.promise;
      await server[Symbol.asyncDispose]();
    },
  };
}

const options = { pingIntervalMs: 1000, pongTimeoutMs: 500 };

/** Sends, and waits until the server has it: it answers a ping in order. */
async function sendAndWait(peer: RawPeer, ...frames: readonly Frame[]): Promise<void> {
  const before = peer.frames.length;
  peer.send(...frames, { opcode: 9, payload: Buffer.from('?') });
  await peer.count(before + 1);
}

describe('the keep-alive of a WebSocket', () => {
  it('pings a peer that says nothing, and cuts it when no answer comes', async () => {
    await using test = await served(options);

    await test.clock.advance(1100);
    const [frame] = await test.peer.count(1);
    await test.clock.advance(600);

    assert.deepEqual([frame!.opcode, frame!.payload.length], [9, 0]);
    assert.deepEqual(await test.ended, { code: 1006, reason: 'no answer to a ping', wasClean: false });
  });

  it('is content with any answer', async () => {
    await using test = await served(options);

    await test.clock.advance(1100);
    await test.peer.count(1);
    await sendAndWait(test.peer, pong());
    await test.clock.advance(600);

    assert.equal(test.ws.isOpen, true);
  });

  it('does not ping a peer that talks', async () => {
    await using test = await served(options);

    for (let i = 0; i < 10; i++) {
      await sendAndWait(test.peer, text('hello'));
      await test.clock.advance(600);
    }

    assert.ok(test.peer.frames.every(({ opcode }) => opcode === 10));
    assert.equal(test.ws.isOpen, true);
  });

  it('pings again after each silence', async () => {
    await using test = await served(options);
    const timed = test.ws as unknown as TimedConnection;

    for (let pings = 0; pings < 3; pings++) {
      const before = test.peer.frames.length;
      while (!timed.isPinged) await test.clock.advance(50);
      assert.equal((await test.peer.count(before + 1))[before]!.opcode, 9);
      await sendAndWait(test.peer, pong());
      while (timed.isPinged) await test.clock.advance(50);
    }

    assert.equal(test.ws.isOpen, true);
  });

  it('does not take its own slowness for silence of the peer', async () => {
    const clock = virtualClock();
    const go = Promise.withResolvers<void>();
    const got = Promise.withResolvers<number>();
    const server = await serveWebSocket(
      async (ctx, ws) => {
        await go.promise;
        let count = 0;
        while (((await ws.read(ctx)) as string) !== 'end') count++;
        got.resolve(count);
      },
      { ...options, maxQueuedBytes: 100 },
      rootContext(clock),
    );
    const { peer } = await rawClient(server.port);

    peer.send(text('one'), text('two'), text('three'), text('end'));
    await clock.advance(10_000);
    go.resolve();

    assert.equal(await got.promise, 3);
    peer.send(close());
    await server[Symbol.asyncDispose]();
  });

  it('can be turned off', async () => {
    await using test = await served({ pingIntervalMs: 0 });

    await test.clock.advance(1_000_000);
    await sendAndWait(test.peer);

    assert.deepEqual(
      test.peer.frames.map(({ opcode }) => opcode),
      [10],
    );
  });

  it('closes with 1001 what nobody uses, whether pings are answered or not', async () => {
    await using test = await served({ idleTimeoutMs: 2000, pingIntervalMs: 0 });

    await test.clock.advance(1500);
    await sendAndWait(test.peer, text('used'));
    await test.clock.advance(1500);
    await sendAndWait(test.peer, pong());
    assert.equal(test.ws.isOpen, true);
    await test.clock.advance(3000);
    const frames = await test.peer.count(3);

    assert.deepEqual([frames[2]!.opcode, frames[2]!.payload.readUInt16BE()], [8, 1001]);
  });

  it('counts what is sent as use', async () => {
    await using test = await served({ idleTimeoutMs: 2000, pingIntervalMs: 0 });

    for (let i = 0; i < 5; i++) {
      test.ws.trySend('x');
      await test.clock.advance(1900);
    }

    assert.equal(test.ws.isOpen, true);
  });

  it('cuts a peer that does not answer a Close', async () => {
    await using test = await served({ closeTimeoutMs: 3000, pingIntervalMs: 0 });

    const closed = test.ws.close(4000);
    await test.peer.count(1);
    await test.clock.advance(2900);
    assert.equal(test.ws.closed, undefined);
    await test.clock.advance(400);

    assert.deepEqual(await closed, { code: 1006, reason: 'no answer to Close', wasClean: false });
  });

  it('cuts a peer that goes on after what RFC 6455 forbids', async () => {
    await using test = await served({ closeTimeoutMs: 3000, pingIntervalMs: 0 });

    test.peer.send({ opcode: 3, payload: new Uint8Array(0) });
    await test.peer.ended;
    test.peer.send(text('more'));
    const closed = test.ws.close();
    await test.clock.advance(3300);
    await closed;

    assert.deepEqual(await test.ended, { code: 1002, reason: 'reserved opcode', wasClean: false });
  });
});
