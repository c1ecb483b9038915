import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAgo, formatDateTime, formatMoment, formatTime, fromLocalInput, toLocalInput } from './time.ts';

const noon = new Date(2026, 1, 3, 12, 4, 5, 67).getTime();

test('a time is local and has milliseconds', () => {
  assert.equal(formatTime(noon), '12:04:05.067');
  assert.equal(formatDateTime(noon), '2026-02-03 12:04:05.067');
  assert.equal(formatTime(null), '–');
});

test('a moment names its date only on another day', () => {
  assert.equal(formatMoment(noon, noon + 3_600_000), '12:04:05.067');
  assert.equal(formatMoment(noon, noon + 86_400_000), '2026-02-03 12:04:05.067');
});

test('an age is coarse and never negative', () => {
  const cases: [number, string][] = [
    [-5000, 'just now'],
    [1000, 'just now'],
    [12_000, '12 s ago'],
    [200_000, '3 min ago'],
    [7_300_000, '2 h ago'],
    [400_000_000, '4 d ago'],
  ];
  for (const [age, expected] of cases) assert.equal(formatAgo(noon, noon + age), expected);
});

test('the value of a date input round-trips to the second', () => {
  assert.equal(fromLocalInput(toLocalInput(noon)), noon - 67);
  assert.equal(fromLocalInput(''), undefined);
  assert.equal(fromLocalInput('tomorrow'), undefined);
});
