import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { close, ping, text } from '../../../test/conformance/websocket/frames.ts';
import { rawClient } from '../../../test/conformance/websocket/raw-peer.ts';
import { background, sleep } from '../../concurrency/index.ts';
import { failOnLeaks } from '../../testing/index.ts';
import { CloseCode, type CloseInfo, dial, type WebSocketConnection } from './index.ts';
import { serveWebSocket } from './websocket.fixture.ts';

failOnLeaks();

const ctx = background();

async function echo(_ctx: unknown, ws: WebSocketConnection): Promise<void> {
  for await (const message of ws) await ws.send(ws.ctx, message);
}

/** The code of a Close that came as a frame. */
const codeOf = (payload: Buffer) => (payload.length === 0 ? undefined : payload.readUInt16BE());

describe('a WebSocket', () => {
  it('carries texts and bytes both ways, in order', async () => {
    await using server = await serveWebSocket(echo);
    await using ws = await dial(ctx, server.url);

    const sent = ['', 'a', 'é€𝄞', 'x'.repeat(5000), 'é'.repeat(50_000), 'y'.repeat(200_000)];
    const bytes = [0, 1, 200, 4096, 4097, 70_000].map((size) => Buffer.alloc(size, size % 251));
    for (const message of sent) await ws.send(ctx, message);
    for (const message of bytes) await ws.send(ctx, message);

    for (const message of sent) assert.equal(await ws.read(ctx), message);
    for (const message of bytes) assert.deepEqual(Buffer.from((await ws.read(ctx)) as Uint8Array), message);
  });

  it('gives what is there and takes what has room without a promise', async () => {
    await using server = await serveWebSocket(echo);
    await using ws = await dial(ctx, server.url);

    const sent = [ws.send(ctx, 'a'), ws.send(ctx, 'b')];
    const first = await ws.read(ctx);
    const second = ws.read(ctx);

    assert.deepEqual([sent, first, second], [[undefined, undefined], 'a', 'b']);
  });

  it('refuses a second reader while one waits', async () => {
    await using server = await serveWebSocket(echo);
    await using ws = await dial(ctx, server.url);

    const waiting = ws.read(ctx);

    assert.throws(() => ws.read(ctx), /one reader at a time/);
    await ws.send(ctx, 'x');
    assert.equal(await waiting, 'x');
  });

  it('lets a read go whose Context ends, and loses nothing by it', async () => {
    await using server = await serveWebSocket(echo);
    await using ws = await dial(ctx, server.url);
    const short = ctx.withCancel();

    const given = ws.read(short);
    short.cancel();
    await assert.rejects(async () => given, { code: 'canceled' });
    await ws.send(ctx, 'still here');

    assert.equal(await ws.read(ctx), 'still here');
    assert.throws(() => ws.read(short), { code: 'canceled' });
    assert.throws(() => ws.send(short, 'x'), { code: 'canceled' });
  });

  it('measures how long a ping takes', async () => {
    await using server = await serveWebSocket(echo);
    await using ws = await dial(ctx, server.url);

    const [first, second] = await Promise.all([ws.ping(ctx), ws.ping(ctx)]);

    assert.ok(first! >= 0 && second! >= 0);
  });

  it('takes an answer to a later ping for those before it', async () => {
    const pinged = Promise.withResolvers<number[]>();
    await using server = await serveWebSocket(async (ctx, ws) => {
      pinged.resolve(await Promise.all([ws.ping(ctx), ws.ping(ctx), ws.ping(ctx)]));
      await ws.discard(ctx);
    });
    const { peer } = await rawClient(server.port);

    const pings = await peer.count(3);
    peer.send({ opcode: 10, payload: pings[2]!.payload });

    assert.equal((await pinged.promise).length, 3);
    peer.socket.destroy();
  });

  it('refuses what is no message', async () => {
    await using server = await serveWebSocket(echo);
    await using ws = await dial(ctx, server.url);

    assert.throws(() => ws.send(ctx, 7 as unknown as string), /a message must be a string/);
    assert.throws(() => ws.trySend(undefined as unknown as string), /a message must be a string/);
  });

  it('compresses from the threshold on, and inflates what comes', async () => {
    await using server = await serveWebSocket(echo, { deflate: { thresholdBytes: 100 } });
    const { peer } = await rawClient(server.port, 'Sec-WebSocket-Extensions: permessage-deflate\r\n');

    peer.send(text('x'.repeat(99)), text('x'.repeat(100)), text('xyz'.repeat(5000)));
    const frames = await peer.count(3);

    assert.deepEqual(
      frames.map(({ rsv, opcode }) => [rsv, opcode]),
      [
        [0, 1],
        [4, 1],
        [4, 1],
      ],
    );
    assert.ok(frames[2]!.payload.length < 200);
    peer.socket.destroy();
  });

  it('carries compressed messages between ours and ours', async () => {
    await using server = await serveWebSocket(echo, { deflate: { level: 9, thresholdBytes: 1 } });
    await using ws = await dial(ctx, server.url, { deflate: { thresholdBytes: 1 } });

    const long = JSON.stringify(Array.from({ length: 2000 }, (_, id) => ({ id, name: `é${id}` })));
    await ws.send(ctx, long);
    await ws.send(ctx, 'x');

    assert.ok(ws.isDeflated);
    assert.deepEqual([await ws.read(ctx), await ws.read(ctx)], [long, 'x']);
  });

  it('reads no further than its queue is long, and goes on when it is read', async () => {
    let server: WebSocketConnection | undefined;
    const go = Promise.withResolvers<void>();
    const all = Promise.withResolvers<number>();
    await using test = await serveWebSocket(
      async (ctx, ws) => {
        server = ws;
        await go.promise;
        let count = 0;
        while (count < 400) if ((await ws.read(ctx)) !== undefined) count++;
        all.resolve(count);
      },
      { maxQueuedBytes: 100_000, deflate: false },
    );
    await using ws = await dial(ctx, test.url, { maxBufferedBytes: 100_000 });

    // More than the kernel takes: the peer must wait.
    let sent = 0;
    for (; sent < 400 && ws.trySend(Buffer.alloc(50_000)); sent++)
      await new Promise((resolve) => setImmediate(resolve));
    const stopped = sent;
    go.resolve();
    for (; sent < 400; sent++) await ws.send(ctx, Buffer.alloc(50_000));

    assert.ok(stopped < 400, `${stopped} messages were taken by nobody`);
    assert.equal(await all.promise, 400);
    assert.equal(server!.isOpen, true);
  });
});

describe('the end of a WebSocket', () => {
  const closing: readonly (readonly [
    name: string,
    end: (ws: WebSocketConnection) => Promise<unknown>,
    info: CloseInfo,
  ])[] = [
    ['without a code of its own', (ws) => ws.close(), { code: 1000, reason: '', wasClean: true }],
    ['with a code and a reason', (ws) => ws.close(4001, 'bye é'), { code: 4001, reason: 'bye é', wasClean: true }],
    [
      'at the end of the block',
      (ws) => ws[Symbol.asyncDispose]() as Promise<void>,
      { code: 1000, reason: '', wasClean: true },
    ],
  ];
  for (const [name, end, info] of closing) {
    it(`that the client makes ${name} is seen by the server`, async () => {
      const seen = Promise.withResolvers<CloseInfo | undefined>();
      await using server = await serveWebSocket(async (_ctx, ws) => {
        for await (const _message of ws);
        seen.resolve(ws.closed);
      });
      const ws = await dial(ctx, server.url);

      await end(ws);

      assert.deepEqual(await seen.promise, info);
      assert.equal(ws.closed?.wasClean, true);
      assert.equal(await ws.read(ctx), undefined);
    });
  }

  it('comes with 1000 when the handler is done, after what it has sent', async () => {
    await using server = await serveWebSocket(async (ctx, ws) => {
      await ws.send(ctx, 'first');
      ws.send(ctx, 'last');
    });
    await using ws = await dial(ctx, server.url);
    const messages: unknown[] = [];

    for await (const message of ws) messages.push(message);

    assert.deepEqual(messages, ['first', 'last']);
    assert.deepEqual(ws.closed, { code: 1000, reason: '', wasClean: true });
  });

  it('comes with 1011 when the handler fails, and says nothing of why', async () => {
    await using server = await serveWebSocket(async () => {
      throw new TypeError('a secret');
    });
    await using ws = await dial(ctx, server.url);

    assert.equal(await ws.read(ctx), undefined);
    assert.deepEqual(ws.closed, { code: 1011, reason: '', wasClean: true });
  });

  it('is said by the server that drains, after what is queued, while the handler can still read', async () => {
    const got: unknown[] = [];
    const ended = Promise.withResolvers<CloseInfo | undefined>();
    await using test = await serveWebSocket(async (ctx, ws) => {
      await ws.send(ctx, 'queued');
      for await (const message of ws) got.push(message);
      ended.resolve(ws.closed);
    });
    const { peer } = await rawClient(test.port);
    await peer.count(1);

    const stopped = test.server.stop(ctx);
    const frames = await peer.count(2);
    peer.send(text('on its way'), close(1001));
    await stopped;

    assert.deepEqual([frames[1]!.opcode, codeOf(frames[1]!.payload)], [8, 1001]);
    assert.deepEqual(got, ['on its way']);
    assert.deepEqual(await ended.promise, { code: 1001, reason: '', wasClean: true });
  });

  it('of a server that is cut comes at once, and ends the Context of its handler', async () => {
    const ended = Promise.withResolvers<string | undefined>();
    const began = Promise.withResolvers<void>();
    await using test = await serveWebSocket(async (ctx) => {
      began.resolve();
      await sleep(ctx, 60_000).catch(() => {});
      ended.resolve(ctx.err()?.code);
    });
    await using ws = await dial(ctx, test.url);
    await began.promise;
    const now = ctx.withCancel();
    now.cancel();

    await test.server.stop(now);

    assert.equal(await ended.promise, 'canceled');
    assert.equal(await ws.read(ctx), undefined);
    assert.notEqual(ws.closed?.code, 1000);
  });

  it('without a Close is 1006, and ends the Context at once', async () => {
    const seen = Promise.withResolvers<unknown[]>();
    await using server = await serveWebSocket(async (ctx, ws) => {
      await sleep(ctx, 60_000).catch(() => {});
      seen.resolve([ws.closed, ctx.err()?.code, await ws.read(background())]);
    });
    const { peer } = await rawClient(server.port);

    peer.socket.destroy();

    assert.deepEqual(await seen.promise, [{ code: 1006, reason: '', wasClean: false }, 'canceled', undefined]);
  });

  it('leaves the handler time for what came before the Close, and for an answer to it', async () => {
    const handled: unknown[] = [];
    await using server = await serveWebSocket(async (ctx, ws) => {
      for await (const message of ws) {
        // As a query to a database would: it takes some turns of the loop and looks at the Context.
        await sleep(ctx, 1);
        handled.push(message);
        await ws.send(ctx, `did ${message}`);
      }
    });
    const { peer } = await rawClient(server.port);

    peer.send(text('one'), text('two'), close(1000));
    const frames = await peer.ended;

    assert.deepEqual(handled, ['one', 'two']);
    assert.deepEqual(
      frames.map(({ opcode, payload }) => (opcode === 8 ? codeOf(payload) : payload.toString())),
      ['did one', 'did two', 1000],
    );
  });

  it('is answered at once where nobody reads', async () => {
    await using server = await serveWebSocket(async (ctx) => {
      await sleep(ctx, 60_000).catch(() => {});
    });
    const { peer } = await rawClient(server.port);

    peer.send(text('unread'), close(4000));
    const frames = await peer.ended;

    assert.deepEqual(
      frames.map(({ payload }) => codeOf(payload)),
      [4000],
    );
  });

  it('fails sends and pings from then on', async () => {
    await using server = await serveWebSocket(async (ctx, ws) => void (await ws.discard(ctx)));
    const ws = await dial(ctx, server.url);
    const pinging = ws.ping(ctx).catch((error) => error.reason);

    await ws.close();

    assert.throws(() => ws.send(ctx, 'late'), { code: 'unavailable', reason: 'CONNECTION_CLOSED' });
    assert.equal(ws.trySend('late'), false);
    await assert.rejects(ws.ping(ctx), { reason: 'CONNECTION_CLOSED' });
    assert.notEqual(await pinging, undefined);
    assert.deepEqual(await ws.close(), ws.closed);
  });

  it('is said once, whoever asks', async () => {
    await using server = await serveWebSocket(async (ctx, ws) => void (await ws.discard(ctx)));
    const ws = await dial(ctx, server.url);

    const infos = await Promise.all([ws.close(4000), ws.close(4001), ws.close()]);

    assert.deepEqual(
      infos.map(({ code }) => code),
      [4000, 4000, 4000],
    );
  });

  it('drops what still comes and has no room, so that the answer to Close is seen', async () => {
    await using server = await serveWebSocket(
      async (_ctx, ws) => {
        await ws.close(1000);
      },
      { maxQueuedBytes: 1000 },
    );
    const { peer } = await rawClient(server.port);

    await peer.count(1);
    peer.send(...Array.from({ length: 100 }, () => text('x'.repeat(1000))), ping('p'), close(1000));
    const frames = await peer.ended;

    assert.deepEqual(
      frames.map(({ opcode }) => opcode),
      [8],
    );
  });

  const impossible: readonly (readonly [code: number, reason: string, why: RegExp])[] = [
    [999, '', /999/],
    [1005, '', /1005/],
    [1006, '', /1006/],
    [5000, '', /5000/],
    [1000, 'x'.repeat(124), /124 bytes/],
    [1000, 'é'.repeat(62), /124 bytes/],
  ];
  for (const [code, reason, why] of impossible) {
    it(`cannot be said with ${code} and a reason of ${Buffer.byteLength(reason)} bytes`, async () => {
      await using server = await serveWebSocket(echo);
      await using ws = await dial(ctx, server.url);

      assert.throws(
        () => ws.close(code, reason),
        (error: Error) => error instanceof RangeError && why.test(error.message),
      );
      assert.equal(ws.isOpen, true);
    });
  }

  it('by a code of the application is possible', async () => {
    await using server = await serveWebSocket(echo);
    const ws = await dial(ctx, server.url);

    assert.equal((await ws.close(CloseCode.policy, 'no')).code, 1008);
  });
});
