import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlace, parsePlace } from '../routing/place.ts';
import { boundsOf, defaultRange, lengthOf, parseRange, rangeParams, stepFor, type TimeRange } from './time-range.ts';

function throughAddress(range: TimeRange): TimeRange {
  return parseRange(parsePlace(formatPlace(['logs'], rangeParams(range))).params);
}

test('a range round-trips through the address', () => {
  const ranges: TimeRange[] = [
    { kind: 'last', name: '1h' },
    { kind: 'last', name: '7d' },
    { kind: 'between', fromMs: 1000, toMs: 2000 },
    defaultRange,
  ];
  for (const range of ranges) assert.deepEqual(throughAddress(range), range);
});

test('the default range leaves no trace in the address', () => {
  assert.equal(formatPlace(['logs'], rangeParams(defaultRange)), '#/logs');
});

test('a range that makes no sense is the default', () => {
  for (const query of ['last=2h', 'last=constructor', 'from=5&to=3', 'from=5', 'from=x&to=y']) {
    assert.deepEqual(parseRange(new URLSearchParams(query)), defaultRange);
  }
});

test('a range that ends now has an open end', () => {
  assert.deepEqual(boundsOf({ kind: 'last', name: '5m' }, 1_000_000), { sinceMs: 700_000, untilMs: undefined });
  assert.deepEqual(boundsOf({ kind: 'between', fromMs: 1, toMs: 9 }, 1_000_000), { sinceMs: 1, untilMs: 9 });
  assert.equal(lengthOf({ kind: 'between', fromMs: 1, toMs: 9 }), 8);
});

test('a step is round and gives at most the wanted number of points', () => {
  const cases: [number, number][] = [
    [60_000, 1000],
    [300_000, 5000],
    [900_000, 10_000],
    [3_600_000, 30_000],
    [86_400_000, 900_000],
    [604_800_000, 7_200_000],
  ];
  for (const [rangeMs, expected] of cases) {
    assert.equal(stepFor(rangeMs), expected);
    assert.ok(rangeMs / stepFor(rangeMs) <= 120);
  }
});
