import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rulerTicks } from './ruler.ts';

test('ticks are round, inside, and few', () => {
  const cases: [number, number, number, number[]][] = [
    [0, 10, 5, [0, 2, 4, 6, 8, 10]],
    [0, 100, 4, [0, 50, 100]],
    [103, 147, 5, [110, 120, 130, 140]],
  ];
  for (const [from, to, max, expected] of cases) assert.deepEqual(rulerTicks(from, to, 0, max), expected);
});

test('ticks count from the origin', () => {
  assert.deepEqual(rulerTicks(1003, 1013, 1003, 2), [1003, 1008, 1013]);
});

test('no time has no ticks', () => {
  assert.deepEqual(rulerTicks(5, 5, 0, 5), []);
  assert.deepEqual(rulerTicks(5, 4, 0, 5), []);
});
