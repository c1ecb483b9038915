import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { headOf, rawServer } from '../../../test/conformance/websocket/raw-peer.ts';
import { withFields } from '../../call/index.ts';
import { background } from '../../concurrency/index.ts';
import { createHttpServer, createRouter } from '../http/index.ts';
import { tcpListener } from '../tcp/index.ts';
import { type DialOptions, dial } from './dial.ts';
import { acceptKey } from './handshake/accept-key.ts';
import { type WebSocketHandler, websocket } from './websocket.ts';

interface Listening extends AsyncDisposable {
  readonly url: string;
}

/** A TCP server that does with each connection what the test says. */
async function listen(onSocket: (socket: Socket) => unknown): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `ws://127.0.0.1:${port}/path?q=1`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers the handshake with these lines; `accept` becomes the right one. */
function answering(...lines: readonly string[]) {
  return listen(async (socket) => {
    const { head } = await headOf(socket);
    const key = /sec-websocket-key: (.*)/i.exec(head)![1]!;
    socket.write(lines.map((line) => `${line.replace('{accept}', acceptKey(key))}\r\n`).join(''), 'latin1');
    socket.resume();
  });
}

const right = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: {accept}',
];

describe('dial', () => {
  it('asks as RFC 6455 wants, with its headers and the fields of the call', async () => {
    const asked = Promise.withResolvers<string>();
    await using server = await listen(async (socket) => asked.resolve((await rawServer(socket)).head));
    const ctx = withFields(background(), { tenant: 'acme' });

    const ws = await dial(ctx, server.url, {
      protocols: ['chat', 'other'],
      headers: { Authorization: 'Bearer x' },
      randomFill: (bytes) => void bytes.fill(0x61),
    });

    const lines = (await asked.promise).split('\r\n');
    const host = new URL(server.url).host;
    assert.deepEqual(lines.slice(0, 8), [
      'GET /path?q=1 HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: YWFhYWFhYWFhYWFhYWFhYQ==',
      'Sec-WebSocket-Protocol: chat, other',
      'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ]);
    assert.ok(lines.includes('Authorization: Bearer x'));
    assert.ok(lines.includes('flotilla-tenant: acme'));
    assert.deepEqual([ws.protocol, ws.isDeflated, ws.isOpen], ['', false, true]);
  });

  it('sends no fields to servers of others, and a new key each time', async () => {
    const heads: string[] = [];
    await using server = await listen(async (socket) => heads.push((await rawServer(socket)).head));
    const ctx = withFields(background(), { tenant: 'acme' });

    await dial(ctx, server.url, { sendFields: false });
    await dial(ctx, server.url, { sendFields: false });

    const keys = heads.map((head) => /sec-websocket-key: (.*)/i.exec(head)![1]);
    assert.notEqual(keys[0], keys[1]);
    assert.doesNotMatch(heads.join(), /flotilla-/);
  });

  it('reads what came together with the answer', async () => {
    await using server = await answering(...right, '', '\x81\x04hi');

    const ws = await dial(background(), server.url);

    assert.equal(await ws.read(background()), 'hi\r\n');
  });

  it('takes the protocol and the compression that the server chose', async () => {
    await using server = await answering(
      ...right,
      'Sec-WebSocket-Protocol: b',
      'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover',
      '',
    );

    const ws = await dial(background(), server.url, { protocols: ['a', 'b'] });

    assert.deepEqual([ws.protocol, ws.isDeflated], ['b', true]);
  });

  const [status, upgrade, connection, accept] = right as [string, string, string, string];
  const wrong: readonly (readonly [name: string, lines: readonly string[], why: RegExp, options?: DialOptions])[] = [
    ['no Upgrade', [status, connection, accept, ''], /what it changes to/],
    ['another Upgrade', [status, 'Upgrade: h2c', connection, accept, ''], /Upgrade is not websocket/],
    ['no Connection', [status, upgrade, accept, ''], /what it changes to/],
    ['no proof', [status, upgrade, connection, ''], /Sec-WebSocket-Accept/],
    [
      'a wrong proof',
      [status, upgrade, connection, 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=', ''],
      /Sec-WebSocket-Accept/,
    ],
    ['two proofs', [status, upgrade, connection, accept, accept, ''], /Sec-WebSocket-Accept/],
    [
      'a protocol that was not offered',
      [...right, 'Sec-WebSocket-Protocol: x', ''],
      /not offered/,
      { protocols: ['a'] },
    ],
    ['an extension that was not offered', [...right, 'Sec-WebSocket-Extensions: x', ''], /not offered/],
    [
      'compression that was not offered',
      [...right, 'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover', ''],
      /not offered/,
      { deflate: false },
    ],
    [
      'compression with a context',
      [...right, 'Sec-WebSocket-Extensions: permessage-deflate', ''],
      /no_context_takeover/,
    ],
  ];
  for (const [name, lines, why, options = {}] of wrong) {
    it(`fails on an answer with ${name}`, async () => {
      await using server = await answering(...lines);

      await assert.rejects(dial(background(), server.url, options), (error: Error & { reason: string }) => {
        assert.match(error.message, why);
        return error.reason === 'HANDSHAKE_FAILED';
      });
    });
  }

  it('gives the error of the status that it was refused with', async () => {
    await using forbidden = await answering('HTTP/1.1 403 Forbidden', 'Content-Length: 0', '');
    await using moved = await answering('HTTP/1.1 302 Found', 'Location: ws://elsewhere/', '');

    await assert.rejects(dial(background(), forbidden.url), {
      code: 'permission_denied',
      reason: 'HANDSHAKE_REFUSED',
      metadata: { status: '403' },
    });
    await assert.rejects(dial(background(), moved.url), { reason: 'HANDSHAKE_REFUSED', metadata: { status: '302' } });
  });

  it('passes over what comes before the answer', async () => {
    await using server = await answering('HTTP/1.1 103 Early Hints', 'Link: </a>', '', ...right, '');

    assert.equal((await dial(background(), server.url)).isOpen, true);
  });

  it('gives the error that the server named', async () => {
    const body = JSON.stringify({ code: 'not_found', reason: 'NO_SUCH_ROOM', message: 'no room 7', domain: 'live' });
    await using server = await answering('HTTP/1.1 404 Not Found', `Content-Length: ${body.length}`, '', body);
    await using endless = await answering('HTTP/1.1 503 x', 'Connection: close', '', 'x'.repeat(100_000));

    await assert.rejects(dial(background(), server.url), { code: 'not_found', reason: 'NO_SUCH_ROOM', domain: 'live' });
    await assert.rejects(dial(background(), endless.url), { code: 'unavailable', reason: 'HANDSHAKE_REFUSED' });
  });

  const broken: readonly (readonly [name: string, answer: string])[] = [
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['is HTTP/1.0', 'HTTP/1.0 101 Switching Protocols\r\n\r\n'],
    ['has a folded header', `${right.slice(0, 2).join('\r\n')}\r\n folded\r\n\r\n`],
    ['has a blank before a colon', 'HTTP/1.1 101 x\r\nUpgrade : websocket\r\n\r\n'],
    ['has a control character', 'HTTP/1.1 101 x\r\nUpgrade: web\x00socket\r\n\r\n'],
    ['never ends', `HTTP/1.1 101 x\r\n${'X-A: 1\r\n'.repeat(3000)}`],
    ['breaks off', 'HTTP/1.1 101 x\r\nUpgr'],
  ];
  for (const [name, answer] of broken) {
    it(`fails on an answer that ${name}`, async () => {
      await using server = await listen(async (socket) => {
        await headOf(socket);
        socket.end(answer);
        socket.resume();
      });

      await assert.rejects(dial(background(), server.url), { code: 'unavailable', reason: 'HANDSHAKE_FAILED' });
    });
  }

  it('fails where nobody listens', async () => {
    const server = await listen(() => {});
    await server[Symbol.asyncDispose]();

    await assert.rejects(dial(background(), server.url), { code: 'unavailable', reason: 'CONNECT_FAILED' });
  });

  it('gives up when it takes too long', async () => {
    await using server = await listen(() => {});

    await assert.rejects(dial(background(), server.url, { openTimeoutMs: 50 }), { code: 'deadline_exceeded' });
  });

  it('gives up when its Context ends, and closes the socket', async () => {
    const closed = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    await using server = await listen((socket) => {
      socket.once('data', () => came.resolve());
      socket.once('close', () => closed.resolve());
    });
    using ctx = background().withCancel();

    const dialling = dial(ctx, server.url);
    await came.promise;
    ctx.cancel();

    await assert.rejects(dialling, { code: 'canceled' });
    await closed.promise;
  });

  it('gives a connection that outlives the Context it was dialled with', async () => {
    await using server = await listen((socket) => rawServer(socket));
    const ctx = background().withTimeout(60_000);

    const ws = await dial(ctx, server.url);
    ctx.cancel();

    assert.deepEqual([ws.isOpen, ws.ctx.err(), ws.ctx.deadline], [true, undefined, undefined]);
  });

  const impossible: readonly (readonly [name: string, url: string, options: DialOptions, why: RegExp])[] = [
    ['an address of another kind', 'http://example.com', {}, /not a ws: or wss: address/],
    ['no address', 'example.com', {}, /not a ws: or wss: address/],
    ['a fragment', 'ws://example.com/#top', {}, /fragment/],
    ['credentials in the address', 'ws://me:secret@example.com/', {}, /credentials/],
    ['a protocol that is no token', 'ws://example.com', { protocols: ['a b'] }, /"a b"/],
    ['a protocol twice', 'ws://example.com', { protocols: ['a', 'a'] }, /"a"/],
    ['a header with a line break', 'ws://example.com', { headers: { 'x-a': 'b\r\nc: d' } }, /line break/],
    [
      'a header of the handshake',
      'ws://example.com',
      { headers: { 'Sec-WebSocket-Key': 'x' } },
      /set by the handshake/,
    ],
    ['a header name that is none', 'ws://example.com', { headers: { 'x a': 'b' } }, /not a header name/],
    ['an option out of range', 'ws://example.com', { maxMessageBytes: 0 }, /maxMessageBytes is 0/],
  ];
  for (const [name, url, options, why] of impossible)
    it(`refuses ${name}`, () => assert.rejects(dial(background(), url, options), why));

  describe('of wss:', () => {
    const file = (name: string) => new URL(`../http/client/testdata/${name}`, import.meta.url);
    const pem = (name: string) => readFileSync(file(name), 'utf8');

    /** Our server behind TLS, with a certificate for room.test. */
    async function secure() {
      const router = createRouter();
      const echo: WebSocketHandler = async (ctx, ws) => {
        for await (const message of ws) await ws.send(ctx, message);
      };
      router.get('/', { timeoutMs: 0 }, (_ctx, req) => websocket(req, echo));
      const tls = { certFile: fileURLToPath(file('server.pem')), keyFile: fileURLToPath(file('server.key')) };
      const server = createHttpServer({
        router,
        name: 'test',
        listener: tcpListener({ port: 0, tls }),
        drainGraceMs: 0,
      });
      const [endpoint] = await server.start(background());
      return {
        url: endpoint!.url.replace(/^http/, 'ws'),
        [Symbol.asyncDispose]: () => server.stop(background()),
      };
    }

    it('speaks TLS with a server that proves itself', async () => {
      await using server = await secure();
      assert.match(server.url, /^wss:/);
      await using ws = await dial(background(), server.url, { tls: { ca: pem('ca.pem'), serverName: 'room.test' } });

      const messages = ['hello', 'x'.repeat(300_000), ''];
      for (const message of messages) await ws.send(background(), message);

      for (const message of messages) assert.equal(await ws.read(background()), message);
    });

    it('fails where the server does not', async () => {
      await using server = await secure();

      await assert.rejects(dial(background(), server.url), { reason: 'TLS_FAILED' });
      await assert.rejects(dial(background(), server.url, { tls: { ca: pem('ca.pem') } }), { reason: 'TLS_FAILED' });
    });
  });
});
