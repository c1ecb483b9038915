import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { background, rootContext } from '../../../concurrency/index.ts';
import { createTelemetry, withTelemetry } from '../../../observe/index.ts';
import { failOnLeaks, virtualClock } from '../../../testing/index.ts';
import { client } from './client.ts';
import { failure } from './failure.fixture.ts';
import { serveNode } from './node-server.fixture.ts';
import { ok, RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('an answer is there with its head, and its body as it comes', async () => {
  await using server = await RawServer.start((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n'),
  );
  await using api = client({ baseUrl: server.url });

  const answer = await api.stream(ctx, { url: '/' });
  const body = answer.body[Symbol.asyncIterator]();
  const got: string[] = [];
  for (const piece of ['one', 'two']) {
    server.sockets[0]!.write(`${piece.length}\r\n${piece}\r\n`);
    got.push(String((await body.next()).value));
  }
  server.sockets[0]!.write('0\r\n\r\n');

  assert.deepEqual([answer.status, answer.header('X-A'), got], [200, 'b', ['one', 'two']]);
  assert.deepEqual(await body.next(), { done: true, value: undefined });
});

test('a body that was read whole gives its connection back, one that was left closes it', async () => {
  await using server = await RawServer.start((socket, request) => {
    socket.write(request.includes('/long') ? 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc' : ok('whole'));
  });
  await using api = client({ baseUrl: server.url });

  assert.equal(await text((await api.stream(ctx, { url: '/1' })).body), 'whole');
  for await (const chunk of (await api.stream(ctx, { url: '/long' })).body) {
    assert.equal(String(chunk), 'abc');
    break;
  }
  await server.until(() => server.open === 0);
  {
    await using answer = await api.stream(ctx, { url: '/long' });
    assert.equal(answer.status, 200);
  }
  await server.until(() => server.open === 0);

  assert.deepEqual(server.requests, ['0 GET /1', '0 GET /long', '1 GET /long']);
});

test('a server waits for a slow reader', async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  let isDrained = false;
  await using server = await RawServer.start((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
    const piece = Buffer.alloc(64 * 1024);
    const write = () => {
      isDrained = true;
      while (written < total) {
        written += piece.length;
        if (!socket.write(piece)) return;
      }
    };
    socket.on('drain', write);
    write();
  });
  await using api = client({ baseUrl: server.url });

  const answer = await api.stream(ctx, { url: '/' });
  const body = answer.body[Symbol.asyncIterator]();
  await body.next();
  // Until the kernel's buffers are full, and nothing moves any more.
  for (let before = -1; before !== written; ) {
    before = written;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  const whileWaiting = written;
  isDrained = false;
  let size = 64 * 1024;
  for (let step = await body.next(); step.done !== true; step = await body.next()) size += step.value.length;

  assert.ok(whileWaiting < total / 2, `${whileWaiting} bytes were taken that nobody read`);
  assert.ok(isDrained && size >= total, String(size));
});

test('a stream lasts longer than timeoutMs, which is for its head', async () => {
  const clock = virtualClock();
  await using server = await RawServer.start((socket, request) => {
    if (!request.includes('/silent')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n');
  });
  await using api = client({ baseUrl: server.url, timeoutMs: 100 });
  const parent = rootContext(clock);

  const answer = await api.stream(parent, { url: '/' });
  await clock.advance(1_000);
  server.sockets[0]!.write('abc');
  assert.equal(await text(answer.body), 'abc');
  const late = failure(api.stream(parent, { url: '/silent' }));
  await server.until(() => server.requests.length === 2);
  await clock.advance(100);

  assert.equal((await late).code, 'deadline_exceeded');
  assert.equal(clock.pending, 0);
});

test('a stream ends with its Context, also while nobody reads', async () => {
  await using server = await RawServer.start((socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
  );
  await using api = client({ baseUrl: server.url });
  using outer = ctx.withCancel();
  const answer = await api.stream(outer, { url: '/' });
  const idle = await api.stream(outer, { url: '/' });
  const body = answer.body[Symbol.asyncIterator]();
  await body.next();
  const waiting = failure(body.next());

  outer.cancel();

  assert.equal((await waiting).code, 'canceled');
  assert.equal((await failure(text(idle.body))).code, 'canceled');
  await server.until(() => server.open === 0);
});

test('a body that breaks off throws; what was not read of it is not given', async () => {
  await using server = await RawServer.start((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'));
  await using api = client({ baseUrl: server.url });

  const error = await failure(text((await api.stream(ctx, { url: '/' })).body));

  assert.deepEqual([error.code, error.reason], ['unavailable', 'CONNECTION_FAILED']);
});

test('a silent stream is given up after idleTimeoutMs, which counts while its reader waits', async () => {
  const clock = virtualClock();
  await using server = await RawServer.start((socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
  );
  await using api = client({ baseUrl: server.url });
  const answer = await api.stream(rootContext(clock), { url: '/', idleTimeoutMs: 500 });
  const body = answer.body[Symbol.asyncIterator]();
  await body.next();
  await clock.advance(2_000);
  const waiting = failure(body.next());

  await clock.advance(500);

  assert.equal((await waiting).reason, 'CONNECTION_SILENT');
  await server.until(() => server.open === 0);
});

test('an error answer is thrown, not given', async () => {
  const body = JSON.stringify({ code: 'failed_precondition', reason: 'ROOM_CLOSED', message: 'closed' });
  await using server = await RawServer.start((socket) => {
    socket.write(`HTTP/1.1 400 Bad Request\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
  await using api = client({ baseUrl: server.url });

  const error = await failure(api.stream(ctx, { url: '/' }));

  assert.deepEqual([error.code, error.reason, error.message], ['failed_precondition', 'ROOM_CLOSED', 'closed']);
  assert.equal(server.open, 1);
});

test('a compressed stream is given decompressed, and left when it is left', async () => {
  const packed = gzipSync('x'.repeat(1_000_000));
  await using server = await RawServer.start((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`);
    socket.write(packed);
  });
  await using api = client({ baseUrl: server.url });

  const whole = await api.stream(ctx, { url: '/' });
  assert.deepEqual([whole.header('content-encoding'), whole.header('content-length')], [undefined, undefined]);
  assert.equal((await text(whole.body)).length, 1_000_000);
  await using untouched = await api.stream(ctx, { url: '/' });
  assert.equal(untouched.status, 200);
});

test('the span of a stream ends with the stream', async () => {
  const lines: string[] = [];
  const telemetry = createTelemetry({
    resource: { service: 'test', version: '1', instance: '1' },
    level: 'debug',
    write: (line: string) => void lines.push(line),
  });
  await using server = await RawServer.start((socket) => socket.write(ok('abc')));
  await using api = client({ baseUrl: server.url });
  const ended = () => lines.some((line) => line.includes('client GET ok'));

  const answer = await api.stream(withTelemetry(ctx, telemetry), { url: '/' });
  const before = ended();
  await text(answer.body);

  assert.deepEqual([before, ended()], [false, true]);
  await telemetry.close(ctx);
});

test('a body is sent as it is made, and its maker is left with the call', async () => {
  const received: string[] = [];
  await using server = await serveNode((request, response) => {
    received.push(String(request.headers['transfer-encoding'] ?? request.headers['content-length']));
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(body));
    request.on('error', () => {});
  });
  await using api = client({ baseUrl: server.url });
  let isLeft = false;
  async function* pieces(last: () => string | Promise<string>) {
    try {
      yield 'one ';
      yield new TextEncoder().encode('two ');
      yield await last();
    } finally {
      isLeft = true;
    }
  }
  using outer = ctx.withCancel();
  const made = () => {
    throw new RangeError('made it up');
  };
  const hung = Promise.withResolvers<string>();

  const echoed = await api.request(ctx, { method: 'POST', url: '/', body: pieces(() => 'ü') });
  const sized = await api.request(ctx, {
    method: 'PUT',
    url: '/',
    headers: { 'content-length': '10' },
    body: pieces(() => 'ü'),
  });
  const failed = api.request(ctx, {
    method: 'POST',
    url: '/',
    body: pieces(made),
  });
  await assert.rejects(failed, new RangeError('made it up'));
  isLeft = false;
  const canceled = failure(api.request(outer, { method: 'POST', url: '/', body: pieces(() => hung.promise) }));
  while (received.length < 4) await new Promise((resolve) => setImmediate(resolve));
  outer.cancel();

  assert.equal((await canceled).code, 'canceled');
  hung.resolve('');
  await hung.promise;
  while (!isLeft) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([echoed.text(), sized.text()], ['one two ü', 'one two ü']);
  assert.deepEqual(received, ['chunked', '10', 'chunked', 'chunked']);
});
