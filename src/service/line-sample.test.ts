import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineSample } from './line-sample.ts';

test('all of a hundred lines in a second are written, then every hundredth, and what was left out is told', () => {
  const sample = new LineSample();
  const written = (count: number, now: number) =>
    Array.from({ length: count }, () => sample.takes(now)).filter(Boolean).length;

  assert.equal(written(100, 0), 100);
  assert.equal(sample.takeSkipped(), 0);
  assert.equal(written(1_000, 500), 10);
  assert.equal(sample.takeSkipped(), 990);
  assert.equal(sample.takeSkipped(), 0);
  assert.equal(written(150, 1_000), 100);
  assert.equal(sample.takeSkipped(), 50);
});
