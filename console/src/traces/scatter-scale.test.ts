import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationScale } from './scatter-scale.ts';

test('the scale holds all durations, equal factors apart', () => {
  const { position, ticksMs } = durationScale([1, 10, 90]);

  assert.equal(position(1), 0);
  assert.ok(position(90) < 1 && position(90) > 0.9);
  assert.ok(Math.abs(position(10) - position(1) - (position(1000 / 10) - position(10))) < 0.2);
  assert.deepEqual(ticksMs, [1, 10, 100]);
});

test('few ticks are left over many decades', () => {
  const { ticksMs } = durationScale([0.001, 1_000_000]);

  assert.ok(ticksMs.length <= 5, String(ticksMs));
});

test('nothing, zeros and one value make a scale too', () => {
  for (const durations of [[], [0], [5], [Number.NaN]]) {
    const { position } = durationScale(durations);
    for (const ms of [0, 5, 1e9]) assert.ok(position(ms) >= 0 && position(ms) <= 1);
  }
});
