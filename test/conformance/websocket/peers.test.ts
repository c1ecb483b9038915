import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { background } from 'flotilla/concurrency';
import { type CloseInfo, type DialOptions, dial, type WebSocketConnection } from 'flotilla/net/websocket';
import { WebSocketServer, WebSocket as WsClient } from 'ws';
import { serveWebSocket } from '../../../src/net/websocket/websocket.fixture.ts';
import type { WebSocketOptions } from '../../../src/net/websocket/websocket.ts';
import { assertHeard, conversation, type Said } from './conversation.ts';

const ctx = background();
const seed = Date.now() % 1_000_000;

async function echo(_ctx: unknown, ws: WebSocketConnection): Promise<void> {
  for await (const message of ws) await ws.send(ws.ctx, message);
}

const always = { deflate: { thresholdBytes: 1 } };

/** With compression wherever it can be, as it is by default, and without. */
const modes: readonly (readonly [name: string, options: WebSocketOptions & DialOptions])[] = [
  ['with all compressed', always],
  ['with the defaults', {}],
  ['without compression', { deflate: false }],
];

describe(`the client of ws (seed ${seed})`, () => {
  const opened = async (url: string, options: object = {}) => {
    const ws = new WsClient(url, options);
    await once(ws, 'open');
    return ws;
  };

  for (const [name, options] of modes) {
    it(`has everything echoed by our server ${name}`, async () => {
      await using server = await serveWebSocket(echo, options);
      const ws = await opened(server.url, { perMessageDeflate: { threshold: 0 } });
      const said = conversation(seed);
      const heard: Said[] = [];
      const done = new Promise<void>((resolve) => {
        ws.on('message', (data: Buffer, isBinary: boolean) => {
          if (heard.push(isBinary ? data : data.toString()) === said.length) resolve();
        });
      });

      for (const message of said) ws.send(message);
      await done;

      assert.equal(ws.extensions === '', options.deflate === false);
      assertHeard(heard, said);
      ws.close();
    });
  }

  it('is understood in fragments, with pings between, compressed and not', async () => {
    await using server = await serveWebSocket(echo, always);
    const ws = await opened(server.url, { perMessageDeflate: { threshold: 0 } });
    for (const compress of [true, false]) {
      const pong = once(ws, 'pong');
      ws.send('one,', { fin: false, compress });
      ws.send('two,', { fin: false, compress });
      ws.ping('between');
      ws.send('three', { fin: true, compress });

      const [data] = (await once(ws, 'message')) as [Buffer];

      assert.equal(String((await pong)[0]), 'between');
      assert.equal(data.toString(), 'one,two,three');
    }
    ws.close();
  });

  it('closes and is closed with codes and reasons', async () => {
    const seen = Promise.withResolvers<CloseInfo | undefined>();
    await using server = await serveWebSocket(async (ctx, ws) => {
      if ((await ws.read(ctx)) === 'close me') await ws.close(4001, 'as you wish');
      else seen.resolve(await ws.discard(ctx));
    });
    const first = await opened(server.url);
    first.send('close me');
    const [code, reason] = (await once(first, 'close')) as [number, Buffer];
    const second = await opened(server.url);
    second.send('stay');
    second.close(4002, 'I go');
    const [echoed] = (await once(second, 'close')) as [number];

    assert.deepEqual([code, String(reason), echoed], [4001, 'as you wish', 4002]);
    assert.deepEqual(await seen.promise, { code: 4002, reason: 'I go', wasClean: true });
  });

  it('agrees on a subprotocol', async () => {
    await using server = await serveWebSocket(echo, { protocols: ['v2', 'v1'] });
    const ws = new WsClient(server.url, ['v1', 'v2', 'v3']);
    await once(ws, 'open');

    assert.equal(ws.protocol, 'v2');
    ws.close();
  });
});

describe('the server of ws', () => {
  const serve = async (onConnection: (ws: WsClient) => void, options: object = {}) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    server.on('connection', onConnection);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      url: `ws://127.0.0.1:${port}/`,
      async [Symbol.asyncDispose]() {
        for (const client of server.clients) client.terminate();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  };

  for (const [name, options] of modes) {
    it(`echoes everything that our client says ${name}`, async () => {
      await using server = await serve(
        (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })),
        { perMessageDeflate: { threshold: 0 } },
      );
      await using ws = await dial(ctx, server.url, options);

      for (const message of conversation(seed)) {
        await ws.send(ctx, message);
        const heard = await ws.read(ctx);
        assertHeard([typeof heard === 'string' ? heard : Buffer.from(heard!)], [message]);
      }

      assert.equal(ws.isDeflated, options.deflate !== false);
    });
  }

  it('is understood in fragments, with pings between', async () => {
    await using server = await serve((ws) => {
      ws.send('one,', { fin: false });
      ws.ping();
      ws.send('two', { fin: true });
      ws.once('pong', () => ws.close(4000, 'answered'));
    });
    await using ws = await dial(ctx, server.url);

    assert.equal(await ws.read(ctx), 'one,two');
    assert.equal(await ws.read(ctx), undefined);
    assert.deepEqual(ws.closed, { code: 4000, reason: 'answered', wasClean: true });
  });

  it('answers our pings, and our Close', async () => {
    await using server = await serve(() => {});
    const ws = await dial(ctx, server.url);

    assert.ok((await ws.ping(ctx)) >= 0);
    assert.deepEqual(await ws.close(4003, 'done'), { code: 4003, reason: 'done', wasClean: true });
  });

  it('that is gone without a Close is 1006', async () => {
    await using server = await serve((ws) => ws.terminate());
    await using ws = await dial(ctx, server.url);

    assert.equal(await ws.read(ctx), undefined);
    assert.equal(ws.closed?.code, 1006);
  });
});

describe("undici's client, the WebSocket of the platform", () => {
  for (const [name, options] of modes) {
    it(`has everything echoed by our server ${name}`, async () => {
      await using server = await serveWebSocket(echo, options);
      const ws = new WebSocket(server.url);
      ws.binaryType = 'arraybuffer';
      await once(ws, 'open');
      const said = conversation(seed);
      const heard: Said[] = [];
      const done = new Promise<void>((resolve) => {
        ws.addEventListener('message', ({ data }) => {
          if (heard.push(typeof data === 'string' ? data : Buffer.from(data)) === said.length) resolve();
        });
      });

      for (const message of said) ws.send(message);
      await done;

      // It takes a byte order mark off, which RFC 6455 does not say.
      assertHeard(
        heard,
        said.map((message) => (typeof message === 'string' ? message.replace(/^\ufeff/, '') : message)),
      );
      const closed = once(ws, 'close');
      ws.close(3000, 'bye');
      const [event] = (await closed) as [CloseEvent];
      assert.deepEqual([event.code, event.wasClean], [3000, true]);
    });
  }

  it('hears why it is closed', async () => {
    await using server = await serveWebSocket(async (_ctx, ws) => void (await ws.close(4321, 'because')));
    const ws = new WebSocket(server.url);

    const [event] = (await once(ws, 'close')) as [CloseEvent];

    assert.deepEqual([event.code, event.reason, event.wasClean], [4321, 'because', true]);
  });
});
