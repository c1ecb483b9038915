import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from './backoff.ts';

test('doubles from the first wait up to the longest', () => {
  const waits = [1, 2, 3, 9, 10, 1000].map((failures) => backoffMs(failures, 0));

  assert.deepEqual(waits, [100, 200, 400, 25_600, 30_000, 30_000]);
});

test('takes off up to a half at random', () => {
  assert.equal(backoffMs(1, 1), 50);
  assert.equal(backoffMs(40, 1), 15_000);
});

test('follows the limits it is given', () => {
  assert.equal(backoffMs(1, 0, { firstMs: 5 }), 5);
  assert.equal(backoffMs(20, 0, { maxMs: 70 }), 70);
});
