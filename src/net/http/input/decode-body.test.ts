import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeBody } from './decode-body.ts';

const content = Buffer.from('hello '.repeat(100));
const encoders = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync };
const max = 1024 * 1024;

describe('decodeBody', () => {
  for (const [name, encode] of Object.entries(encoders)) {
    it(`decodes ${name}, up to exactly what it may`, async () => {
      const body = encode(content);

      assert.deepEqual(Buffer.from(await decodeBody(body, name, content.length)), content);
      assert.deepEqual(Buffer.from(await decodeBody(body, ` ${name.toUpperCase()} `, max)), content);
      await assert.rejects(decodeBody(body, name, content.length - 1), { reason: 'BODY_TOO_LARGE' });
      await assert.rejects(decodeBody(body, name, 0), { reason: 'BODY_TOO_LARGE' });
    });

    it(`decodes nothing in ${name}`, async () => {
      const body = encode(Buffer.alloc(0));

      assert.equal((await decodeBody(body, name, 0)).length, 0);
    });

    it(`makes no more than it may of a bomb in ${name}`, async () => {
      const bomb = encode(Buffer.alloc(64 * 1024 * 1024));
      const before = process.memoryUsage().rss;

      await assert.rejects(decodeBody(bomb, name, max), { reason: 'BODY_TOO_LARGE' });

      assert.ok(process.memoryUsage().rss - before < 48 * 1024 * 1024);
    });

    it(`refuses ${name} that is cut short, followed by something, broken, or nothing at all`, async () => {
      const body = encode(content);
      const broken = Buffer.from(body);
      broken[Math.floor(body.length / 2)]! ^= 0xff;

      for (const bad of [
        body.subarray(0, -1),
        Buffer.concat([body, Buffer.from('more')]),
        Buffer.from('not compressed at all'),
        Buffer.alloc(0),
      ]) {
        await assert.rejects(decodeBody(bad, name, max), { reason: 'MALFORMED_REQUEST' });
      }
      const outcome = await decodeBody(broken, name, max).catch((error: { reason: string }) => error.reason);
      assert.ok(outcome === 'MALFORMED_REQUEST' || outcome instanceof Uint8Array);
    });
  }

  it('takes x-gzip, and gzip of several members', async () => {
    const twice = Buffer.concat([gzipSync('a'), gzipSync('b')]);

    assert.equal(String(await decodeBody(gzipSync('a'), 'x-gzip', max)), 'a');
    assert.equal(String(await decodeBody(twice, 'gzip', max)), 'ab');
  });

  it('gives what has no coding as it is, if it is not too large', async () => {
    for (const none of [undefined, 'identity', '']) assert.equal(await decodeBody(content, none, max), content);
    await assert.rejects(decodeBody(content, undefined, 5), { reason: 'BODY_TOO_LARGE' });
  });

  for (const coding of ['deflate', 'gzip, br', 'compress', 'nonsense']) {
    it(`refuses ${coding} and says what it takes`, async () => {
      await assert.rejects(decodeBody(deflateSync(content), coding, max), {
        reason: 'UNSUPPORTED_MEDIA_TYPE',
        metadata: { acceptEncoding: 'gzip, br, zstd' },
      });
    });
  }

  it('refuses a zstd body that asks for more memory than a client may', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 };
    const greedy = zstdCompressSync(Buffer.alloc(200 * 1024 * 1024), { params, pledgedSrcSize: 200 * 1024 * 1024 });

    await assert.rejects(decodeBody(greedy, 'zstd', max), { reason: 'MALFORMED_REQUEST' });
  });

  for (const maxBytes of [-1, 1.5, Number.NaN]) {
    it(`refuses maxBytes ${maxBytes}`, () => assert.rejects(decodeBody(content, undefined, maxBytes), RangeError));
  }
});
