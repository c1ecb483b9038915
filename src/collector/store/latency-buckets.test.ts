import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addLatencies, countLatency, formatLatencies, latencyQuantile, parseLatencies } from './latency-buckets.ts';

function bucketsOf(durationsUs: readonly number[]): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const duration of durationsUs) countLatency(buckets, duration);
  return buckets;
}

describe('latency buckets', () => {
  it('know each percentile to within 5 %', () => {
    const durations = fc.array(fc.integer({ min: 100, max: 60_000_000 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99), (durationsUs, q) => {
        const sorted = [...durationsUs].sort((a, b) => a - b);
        const exactMs = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]! / 1000;

        const ms = latencyQuantile(bucketsOf(durationsUs), q)!;

        assert.ok(Math.abs(ms - exactMs) <= exactMs * 0.05, `${ms} for ${exactMs}`);
      }),
    );
  });

  it('have no percentile without durations', () => assert.equal(latencyQuantile(new Map(), 0.5), null));

  it('are the same after they were stored, and can be added', () => {
    const one = bucketsOf([0, 1, 500, 700_000]);
    const both = parseLatencies(formatLatencies(one));

    addLatencies(both, bucketsOf([500, 9]));

    assert.deepEqual(both, bucketsOf([0, 1, 500, 700_000, 500, 9]));
    assert.deepEqual(parseLatencies(''), new Map());
  });
});
