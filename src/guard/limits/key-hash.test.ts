import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KeyHash } from './key-hash.ts';

function hashOf(key: string, seed: readonly [number, number] = [1, 2]): string {
  const hash = new KeyHash(seed);
  hash.run(key);
  return `${hash.low} ${hash.high}`;
}

it('tells apart what differs by its end, its length or one unit', () => {
  const keys = ['', '\0', '\0\0', 'a', 'a\0', 'a\0\0', 'ab', 'ba', 'abc', 'ab\0', '你', '你好', 'tenant-1', 'tenant-2'];

  assert.equal(new Set(keys.map((key) => hashOf(key))).size, keys.length);
});

it('depends on the seed', () => {
  assert.notEqual(hashOf('a', [1, 2]), hashOf('a', [1, 3]));
  assert.notEqual(hashOf('a', [1, 2]), hashOf('a', [2, 2]));
  assert.equal(hashOf('a', [4, 5]), hashOf('a', [4, 5]));
});

it('spreads names that differ in a number over both halves evenly', () => {
  const hash = new KeyHash([7, 8]);
  const buckets = 64;
  const keys = 64_000;
  const low = new Array<number>(buckets).fill(0);
  const high = new Array<number>(buckets).fill(0);
  for (let i = 0; i < keys; i++) {
    hash.run(`tenant-${i}`);
    low[Math.floor((hash.low * buckets) / 2 ** 32)]! += 1;
    high[Math.floor((hash.high * buckets) / 2 ** 32)]! += 1;
  }

  for (const counts of [low, high]) {
    const chiSquared = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    // 63 degrees of freedom: above 130 once in a million.
    assert.ok(chiSquared < 130, `chi squared ${chiSquared}`);
  }
});
