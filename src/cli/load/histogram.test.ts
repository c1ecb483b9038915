import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

test('knows every quantile to better than 1 %, against a sorted list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3_600_000_000), { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? 0;

        const found = histogram.quantile(share);

        assert.ok(found >= exact && found <= exact * 1.01 + 1, `${found} for ${exact}`);
      },
    ),
  );
});

test('keeps small values and the largest exactly', () => {
  const histogram = new Histogram();
  for (const value of [0, 1, 127, 1_000_003]) histogram.record(value);

  assert.deepEqual(
    [0.25, 0.5, 0.75, 1].map((share) => histogram.quantile(share)),
    [0, 1, 127, 1_000_003],
  );
  assert.deepEqual(histogram.percentiles(), {
    p50: 1,
    p90: 1_000_003,
    p99: 1_000_003,
    p999: 1_000_003,
    max: 1_000_003,
  });
});

test('is all zero without values, and counts a nonsense value as 0', () => {
  const histogram = new Histogram();
  assert.deepEqual(histogram.percentiles(), { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });

  histogram.record(Number.NaN);
  histogram.record(-5);

  assert.deepEqual([histogram.count, histogram.quantile(1)], [2, 0]);
});

test('the sum of two knows what one of all would know', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1e9)), fc.array(fc.nat(1e9)), (left, right) => {
      const [a, b, all] = [new Histogram(), new Histogram(), new Histogram()];
      for (const value of left) a.record(value);
      for (const value of right) b.record(value);
      for (const value of [...left, ...right]) all.record(value);

      a.add(b);

      assert.deepEqual([a.count, a.percentiles()], [all.count, all.percentiles()]);
    }),
  );
});
