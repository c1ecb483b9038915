import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Gzip, isTooLarge, offLoopBytes } from './gzip.ts';

const large = Buffer.from('all the same '.repeat(10_000));

test('what is small is done at once, what is large later', async () => {
  const gzip = new Gzip();

  const small = gzip.compress(large.subarray(0, offLoopBytes));
  const packed = gzip.compress(large);
  const inflated = gzip.inflate(gzipSync(large), 1e6);

  assert.ok(!(small instanceof Promise) && packed instanceof Promise && inflated instanceof Promise);
  assert.deepEqual(gunzipSync(await packed), large);
  assert.deepEqual(await inflated, large);
  assert.deepEqual(gzip.inflate(gzipSync('x'), 1), Buffer.from('x'));
});

test('however much is to be done, all of it is', async () => {
  const gzip = new Gzip();

  const done = await Promise.all(Array.from({ length: 50 }, () => gzip.compress(large)));

  assert.deepEqual(new Set(done.map((bytes) => bytes.length)).size, 1);
});

for (const [what, bytes, maxBytes] of [
  ['more than the limit', gzipSync(large), 100_000],
  ['more than the limit and little', gzipSync('x'.repeat(200)), 100],
  // Its last four bytes say that it is empty.
  ['more than the limit, and lies about it', lying(gzipSync(large)), 100_000],
  ['more than a small limit, and lies about it', lying(gzipSync(large)), 1_000],
] as const) {
  test(`${what} is too large`, async () => {
    await assert.rejects(async () => new Gzip().inflate(bytes, maxBytes), isTooLarge);
  });
}

for (const [what, bytes] of [
  ['nothing', Buffer.alloc(0)],
  ['noise', Buffer.alloc(1_000, 1)],
  ['much noise', lying(randomBytes(200_000))],
  ['half of it', lying(gzipSync(randomBytes(100_000)).subarray(0, 50_000))],
  ['one that lies', lying(gzipSync(large))],
] as const) {
  test(`${what} cannot be inflated`, async () => {
    await assert.rejects(
      async () => new Gzip().inflate(bytes, 1e6),
      (error) => !isTooLarge(error),
    );
  });
}

function lying(bytes: Buffer): Buffer {
  return bytes.fill(0, bytes.length - 4);
}
