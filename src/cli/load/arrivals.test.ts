import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArrivalKind, arrivals, seededRandom } from './arrivals.ts';

function take(kind: ArrivalKind, rate: number, count: number, seed = 1): number[] {
  return arrivals(kind, rate, seededRandom(seed)).take(count).toArray();
}

test('uniform arrivals are equally far apart', () => {
  assert.deepEqual(take('uniform', 200, 4), [0, 5, 10, 15]);
});

test('Poisson arrivals keep the rate, with gaps whose deviation is their mean', () => {
  const times = take('poisson', 500, 50_000);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);

  assert.ok(Math.abs(mean - 2) < 0.05, `mean ${mean}`);
  assert.ok(Math.abs(deviation - 2) < 0.1, `deviation ${deviation}`);
  assert.ok(gaps.every((gap) => gap >= 0));
});

test('the same seed gives the same arrivals, another seed others', () => {
  assert.deepEqual(take('poisson', 100, 20, 7), take('poisson', 100, 20, 7));
  assert.notDeepEqual(take('poisson', 100, 20, 7), take('poisson', 100, 20, 8));
});

test('seeded numbers lie in [0, 1) and fill it evenly', () => {
  const random = seededRandom(42);
  const counts = new Array<number>(10).fill(0);
  for (let index = 0; index < 100_000; index++) {
    const bucket = Math.floor(random() * 10);
    counts[bucket] = (counts[bucket] ?? Number.NaN) + 1;
  }

  assert.ok(
    counts.every((count) => Math.abs(count - 10_000) < 500),
    String(counts),
  );
});
