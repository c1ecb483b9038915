import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { background } from '../../../concurrency/index.ts';
import { failOnLeaks } from '../../../testing/index.ts';
import { client } from './client.ts';
import { failure } from './failure.fixture.ts';
import { RawServer } from './raw-server.fixture.ts';

failOnLeaks();

const ctx = background();
const brotli = (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });
const codings: readonly (readonly [name: string, pack: (body: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotli],
  ['zstd', zstdCompressSync],
];

function answer(socket: Socket, coding: string, body: Uint8Array): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n\r\n`);
  socket.write(body);
}

/** Hardly to be compressed, so that both ways of decompression are taken. */
const noise = Buffer.from(Array.from({ length: 20_000 }, (_, n) => (n * n * 31) & 0xff));
const bodies = [Buffer.from('{"a":"ü"}'), noise, Buffer.alloc(0)];

for (const [name, pack] of codings) {
  test(`${name} (${pack.name}) is undone, whole and as a stream`, async () => {
    for (const body of bodies) {
      await using server = await RawServer.start((socket) => answer(socket, name, pack(body)));
      await using api = client({ baseUrl: server.url });

      const whole = await api.request(ctx, { url: '/' });
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await api.stream(ctx, { url: '/' })).body) chunks.push(chunk);

      assert.deepEqual(Buffer.from(whole.body), body);
      assert.deepEqual(Buffer.concat(chunks), body);
      assert.deepEqual([whole.header('content-encoding'), whole.header('content-length')], [undefined, undefined]);
    }
  });

  test(`a body that is no ${name} (${pack.name}), or a part of one, is not given`, async () => {
    for (const body of [
      Buffer.from('this is not compressed at all'),
      pack(noise).subarray(0, -10),
      pack(bodies[0]!).subarray(0, -3),
    ]) {
      await using server = await RawServer.start((socket) => answer(socket, name, body));
      await using api = client({ baseUrl: server.url });
      const read = async () => {
        for await (const _ of (await api.stream(ctx, { url: '/' })).body);
      };

      assert.equal((await failure(api.request(ctx, { url: '/' }))).reason, 'MALFORMED_RESPONSE');
      assert.equal((await failure(read())).reason, 'MALFORMED_RESPONSE');
    }
  });

  test(`a bomb of ${name} (${pack.name}) bursts at maxResponseBytes`, async () => {
    const bomb = pack(Buffer.alloc(64 * 1024 * 1024));
    await using server = await RawServer.start((socket) => answer(socket, name, bomb));
    await using api = client({ baseUrl: server.url, maxResponseBytes: 1024 * 1024 });
    const before = process.memoryUsage().arrayBuffers;

    const error = await failure(api.request(ctx, { url: '/' }));

    assert.equal(error.reason, 'RESPONSE_TOO_LARGE');
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
  });
}

test('a Zstandard window above 8 MiB is refused', async () => {
  const params = { [constants.ZSTD_c_windowLog]: 27 };
  const body = zstdCompressSync(noise, { params });
  const wide = zstdCompressSync(Buffer.alloc(20 * 1024 * 1024, noise), { params });
  await using server = await RawServer.start((socket, request) =>
    answer(socket, 'zstd', request.includes('/wide') ? wide : body),
  );
  await using api = client({ baseUrl: server.url, maxResponseBytes: 64 * 1024 * 1024 });

  assert.equal((await failure(api.request(ctx, { url: '/wide' }))).reason, 'MALFORMED_RESPONSE');
});

test('all codings are asked for, none where that is switched off, and the caller’s own are left alone', async () => {
  const asked: (string | undefined)[] = [];
  const packed = gzipSync('abc');
  await using server = await RawServer.start((socket, request) => {
    asked.push(/\r\naccept-encoding: (.*)\r\n/.exec(request)?.[1]);
    answer(socket, 'gzip', packed);
  });
  await using api = client({ baseUrl: server.url });
  await using plain = client({ baseUrl: server.url, decompress: false });

  const own = await api.request(ctx, { url: '/', headers: { 'Accept-Encoding': 'gzip' } });
  const off = await plain.request(ctx, { url: '/' });
  const head = await api.request(ctx, { url: '/' });

  assert.deepEqual(asked, ['gzip', undefined, 'gzip, deflate, br, zstd']);
  for (const as of [own, off]) {
    assert.deepEqual(Buffer.from(as.body), packed);
    assert.equal(as.header('content-encoding'), 'gzip');
  }
  assert.equal(head.text(), 'abc');
});

test('a coding that nobody asked for, or several, leave the body as it is', async () => {
  for (const coding of ['compress', 'gzip, br', 'constructor', 'identity']) {
    await using server = await RawServer.start((socket) => answer(socket, coding, Buffer.from('abc')));
    await using api = client({ baseUrl: server.url });

    const response = await api.request(ctx, { url: '/' });

    assert.deepEqual([response.text(), response.header('content-encoding')], ['abc', coding]);
  }
});
