import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketQuantile } from './bucket-quantile.ts';

describe('bucketQuantile', () => {
  const cases: readonly (readonly [readonly number[], readonly number[], number, number | null])[] = [
    [[1, 2], [0, 0, 0], 0.5, null],
    [[1, 2], [10, 0, 0], 0.5, 0.5],
    [[1, 2], [0, 10, 0], 0.5, 1.5],
    [[1, 2], [5, 5, 0], 0.5, 1],
    [[1, 2], [0, 0, 3], 0.5, 2],
    [[1, 2], [98, 1, 1], 0.99, 2],
    [[], [4], 0.5, null],
    [[-2, -1], [4, 0, 0], 0.5, -2],
  ];
  for (const [bounds, counts, q, expected] of cases) {
    it(`says ${expected} for the ${q} quantile of [${counts}] within [${bounds}]`, () => {
      assert.equal(bucketQuantile(bounds, counts, q), expected);
    });
  }
});
