import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlace, parsePlace } from '../routing/place.ts';
import { type LogFilters, logParams, parseLogFilters, readQuery } from './log-filters.ts';

const all: LogFilters = {
  q: '',
  service: '',
  level: '',
  trace: '',
  range: { kind: 'last', name: '15m' },
  isLive: true,
  around: undefined,
};

function throughAddress(filters: LogFilters): LogFilters {
  return parseLogFilters(parsePlace(formatPlace(['logs'], logParams(filters))).params);
}

test('filters round-trip through the address', () => {
  const cases: LogFilters[] = [
    all,
    { ...all, q: 'gift "sent"', service: 'gift', level: 'warn', isLive: false },
    { ...all, trace: '4bf9', isLive: false },
    { ...all, range: { kind: 'between', fromMs: 1, toMs: 2 }, isLive: false },
    { ...all, around: { id: '17', timeMs: 1_700_000_000_123 }, isLive: false },
  ];
  for (const filters of cases) assert.deepEqual(throughAddress(filters), filters);
});

test('nothing is live that has an end', () => {
  for (const query of ['trace=4bf9', 'from=1&to=2', 'around=17&at=5', 'live=0']) {
    assert.equal(parseLogFilters(new URLSearchParams(query)).isLive, false);
  }
});

test('an unknown level is no filter', () => {
  assert.equal(parseLogFilters(new URLSearchParams('level=loud')).level, '');
});

test('fields typed into the search become filters and the rest the query', () => {
  assert.deepEqual(readQuery('coins  service:gift level:warn moved'), {
    q: 'coins moved',
    service: 'gift',
    level: 'warn',
  });
  assert.deepEqual(readQuery('trace:4bf9'), { q: '', trace: '4bf9' });
  assert.deepEqual(readQuery('level:loud code:ok service:'), { q: 'level:loud code:ok service:' });
});
