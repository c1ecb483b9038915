import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration } from './duration.ts';

test('a duration has three significant digits and the unit that suits it', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [0.0004, '0.40 µs'],
    [0.0123, '12.3 µs'],
    [0.5, '500 µs'],
    [0.9996, '1.00 ms'],
    [1.234, '1.23 ms'],
    [45.67, '45.7 ms'],
    [123.4, '123 ms'],
    [999.6, '1.00 s'],
    [1234, '1.23 s'],
    [59_960, '1m 00s'],
    [75_000, '1m 15s'],
    [7_500_000, '2h 05m'],
    [90_000_000, '1d 01h'],
    [-2, '-2.00 ms'],
  ];
  for (const [ms, expected] of cases) assert.equal(formatDuration(ms), expected);
});

test('a missing duration is a dash', () => {
  for (const missing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(formatDuration(missing), '–');
});
