import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spikeSeries } from './spike-series.ts';

for (const kind of ['cpu', 'io'] as const) {
  test(`${kind}: the series of a spike shows what a guard saves`, () => {
    const guarded = spikeSeries(kind, 'guard');
    const without = spikeSeries(kind, 'no guard');
    const inSpike = ({ points }: typeof guarded) =>
      points.filter(({ atMs }) => atMs >= 8_000 && atMs < 15_000).reduce((sum, { goodput }) => sum + goodput, 0) / 35;

    assert.equal(guarded.points.length, 150);
    assert.ok(inSpike(guarded) >= 0.7 * guarded.capacity, `${inSpike(guarded)} of ${guarded.capacity}`);
    assert.ok(inSpike(without) <= 0.05 * without.capacity, `${inSpike(without)} without a guard`);
  });
}
