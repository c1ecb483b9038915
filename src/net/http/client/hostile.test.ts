import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { background, rootContext } from '../../../concurrency/index.ts';
import { failOnLeaks, virtualClock } from '../../../testing/index.ts';
import { client } from './client.ts';
import { failure } from './failure.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();

/** Writes pieces for as long as the client takes them. */
function flood(socket: Socket, piece: string, start = ''): void {
  socket.write(start);
  const write = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', write);
  write();
}

const head = 'HTTP/1.1 200 OK\r\n';

/** What a server says in place of an answer, and the reason that the call fails with. */
const lies: readonly (readonly [name: string, act: (socket: Socket) => void, reason: string])[] = [
  ['endless headers', (socket) => flood(socket, 'x-a: bbbb\r\n'.repeat(100), head), 'RESPONSE_TOO_LARGE'],
  ['an endless header', (socket) => flood(socket, 'a'.repeat(1000), `${head}x: `), 'RESPONSE_TOO_LARGE'],
  ['an endless header name', (socket) => flood(socket, 'a'.repeat(1000), head), 'RESPONSE_TOO_LARGE'],
  ['an endless body', (socket) => flood(socket, 'a'.repeat(1000), `${head}\r\n`), 'RESPONSE_TOO_LARGE'],
  [
    'endless chunks',
    (socket) => flood(socket, '1\r\na\r\n'.repeat(100), `${head}transfer-encoding: chunked\r\n\r\n`),
    'RESPONSE_TOO_LARGE',
  ],
  [
    'endless trailers',
    (socket) => flood(socket, 'x-a: b\r\n'.repeat(100), `${head}transfer-encoding: chunked\r\n\r\n0\r\n`),
    'RESPONSE_TOO_LARGE',
  ],
  ['endless interim answers', (socket) => flood(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'), 'CONNECTION_FAILED'],
  [
    '100 Continue that nobody waits for',
    (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    'CONNECTION_FAILED',
  ],
  [
    '101 that nobody asked for',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    'CONNECTION_FAILED',
  ],
  ['a length that is too long', (socket) => socket.end(`${head}content-length: 5\r\n\r\nabc`), 'CONNECTION_FAILED'],
  [
    'a length that is too long, and close',
    (socket) => socket.end(`${head}connection: close\r\ncontent-length: 5\r\n\r\nabc`),
    'CONNECTION_FAILED',
  ],
  [
    'two lengths',
    (socket) => socket.write(`${head}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
    'CONNECTION_FAILED',
  ],
  ['a length that is none', (socket) => socket.write(`${head}content-length: 1x\r\n\r\nab`), 'CONNECTION_FAILED'],
  ['a negative length', (socket) => socket.write(`${head}content-length: -1\r\n\r\nab`), 'CONNECTION_FAILED'],
  [
    'a length above 2^64',
    (socket) => socket.write(`${head}content-length: 99999999999999999999\r\n\r\nab`),
    'CONNECTION_FAILED',
  ],
  [
    'a length and chunks',
    (socket) => socket.write(`${head}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`),
    'CONNECTION_FAILED',
  ],
  [
    'a chunk size that is none',
    (socket) => socket.write(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n`),
    'CONNECTION_FAILED',
  ],
  [
    'a chunk that ends in the middle',
    (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\n5\r\nab`),
    'CONNECTION_FAILED',
  ],
  ['a header with a NUL', (socket) => socket.write(`${head}x: a\0b\r\ncontent-length: 0\r\n\r\n`), 'CONNECTION_FAILED'],
  [
    'a header with a bare CR',
    (socket) => socket.write(`${head}x: a\rb: c\r\ncontent-length: 0\r\n\r\n`),
    'CONNECTION_FAILED',
  ],
  ['a space before the colon', (socket) => socket.write(`${head}content-length : 1\r\n\r\na`), 'CONNECTION_FAILED'],
  ['garbage', (socket) => socket.write('\x15\x03\x01\x00\x02\x02\x16garbage\r\n\r\n'), 'CONNECTION_FAILED'],
  ['another protocol', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), 'CONNECTION_FAILED'],
  [
    'HTTP/2',
    (socket) => socket.write('\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64'),
    'CONNECTION_FAILED',
  ],
  ['nothing', (socket) => socket.end(), 'CONNECTION_FAILED'],
  ['a reset', (socket) => socket.resetAndDestroy(), 'CONNECTION_FAILED'],
];

for (const [name, act, reason] of lies) {
  test(`a server that answers ${name} fails the call and loses its connection`, async () => {
    let isHonest = false;
    await using server = await RawServer.start((socket) => (isHonest ? socket.write(ok('1')) : act(socket)));
    await using api = client({ baseUrl: server.url, maxResponseBytes: 10_000 });

    const error = await failure(api.request(ctx, { url: '/a?secret=1' }));
    isHonest = true;
    const next = await api.getJson(ctx, '/b');

    assert.equal(error.reason, reason, error.message);
    assert.doesNotMatch(error.message, /secret/);
    assert.equal(next, 1);
    await server.until(() => server.open === 1);
  });
}

test('a second answer behind the first is nobody’s: its connection is not used again', async () => {
  const smuggled = 'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n"stolen"';
  await using server = await RawServer.start((socket, request) => {
    socket.write(ok(JSON.stringify(/GET (\S+)/.exec(request)?.[1])) + smuggled);
  });
  await using api = client({ baseUrl: server.url });

  for (const path of ['/1', '/2', '/3']) assert.equal(await api.getJson(ctx, path), path);
  await Promise.all(['/4', '/5', '/6', '/7'].map(async (path) => assert.equal(await api.getJson(ctx, path), path)));

  assert.equal(new Set(server.requests.map((request) => request.split(' ')[0])).size, 7);
});

test('an answer to nobody, on an idle connection, closes it', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1')));
  await using api = client({ baseUrl: server.url });
  await api.getJson(ctx, '/1');

  server.sockets[0]!.write(ok('"stolen"'));
  await server.until(() => server.open === 0);

  assert.equal(await api.getJson(ctx, '/2'), 1);
});

test('an answer that comes drop by drop ends with the deadline, and its connection with it', async () => {
  const clock = virtualClock();
  await using server = await RawServer.start((socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na'),
  );
  await using api = client({ baseUrl: server.url, timeoutMs: 1_000 });
  const call = failure(api.request(rootContext(clock), { url: '/' }));
  await server.until(() => server.requests.length === 1);

  for (let n = 0; n < 10; n++) {
    server.sockets[0]!.write('b');
    await clock.advance(100);
  }

  assert.equal((await call).code, 'deadline_exceeded');
  await server.until(() => server.open === 0);
});

test('some interim answers come before the answer', async () => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n';
  await using server = await RawServer.start((socket) => socket.write(hint + hint + ok('1')));
  await using api = client({ baseUrl: server.url });

  assert.equal(await api.getJson(ctx, '/'), 1);
});

test('an answer before the end of its request counts; the rest of the request is not sent', async () => {
  let isLeft = false;
  async function* endless() {
    try {
      for (;;) {
        yield 'x'.repeat(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      isLeft = true;
    }
  }
  await using server = await RawServer.start((socket) =>
    socket.write(`HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n`),
  );
  await using api = client({ baseUrl: server.url });

  const error = await failure(api.request(ctx, { method: 'POST', url: '/', body: endless() }));

  assert.equal(error.message, 'HTTP status 413');
  await server.until(() => server.open === 0);
  assert.equal(isLeft, true);
});

test('headers with names of JavaScript’s own are headers', async () => {
  await using server = await RawServer.start((socket) => {
    socket.write(ok('', '__proto__: a\r\nconstructor: b\r\nset-cookie: c=1\r\nset-cookie: d=2\r\nx: 1\r\nx: 2\r\n'));
  });
  await using api = client({ baseUrl: server.url });

  const answer = await api.request(ctx, { url: '/' });

  assert.deepEqual(
    [answer.header('constructor'), answer.header('x'), answer.header('toString')],
    ['b', '1, 2', undefined],
  );
  assert.deepEqual(answer.setCookies, ['c=1', 'd=2']);
});

test('what cannot be said in HTTP is not sent', async () => {
  await using server = await RawServer.start((socket) => socket.write(ok('1')));
  await using api = client({ baseUrl: server.url });

  for (const headers of [
    { 'x-a': 'b\r\nx-c: d' },
    { 'x a': 'b' },
    { 'transfer-encoding': 'chunked' },
    { 'content-length': '7' },
    { 'x-a': 'ü€' },
  ])
    await assert.rejects(api.request(ctx, { method: 'POST', url: '/', headers, body: 'four' }), TypeError);
  await assert.rejects(api.request(ctx, { url: 'http://user:secret@127.0.0.1/' }), (error: Error) => {
    return error instanceof TypeError && !error.message.includes('secret');
  });

  assert.deepEqual(server.requests, []);
});
