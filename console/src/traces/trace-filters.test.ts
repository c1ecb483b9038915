import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlace, parsePlace } from '../routing/place.ts';
import {
  isNarrowed,
  parseTraceFilters,
  readDuration,
  readTraceId,
  type TraceFilters,
  traceParams,
} from './trace-filters.ts';

const all: TraceFilters = {
  service: '',
  minDurationMs: undefined,
  errorsOnly: false,
  q: '',
  range: { kind: 'last', name: '15m' },
  limit: 100,
  sort: 'newest',
};

function throughAddress(filters: TraceFilters): TraceFilters {
  return parseTraceFilters(parsePlace(formatPlace(['traces'], traceParams(filters))).params);
}

test('filters round-trip through the address', () => {
  const cases: TraceFilters[] = [
    all,
    { ...all, service: 'gift', minDurationMs: 12.5, errorsOnly: true, q: 'POST /v1', limit: 200, sort: 'slowest' },
    { ...all, range: { kind: 'between', fromMs: 10, toMs: 20 } },
  ];
  for (const filters of cases) assert.deepEqual(throughAddress(filters), filters);
});

test('the plain search has a plain address', () => {
  assert.equal(formatPlace(['traces'], traceParams(all)), '#/traces');
});

test('values out of range are the defaults', () => {
  assert.deepEqual(parseTraceFilters(new URLSearchParams('limit=1000000&sort=random&min=-3')), all);
});

test('a search is narrowed by anything but its time', () => {
  assert.equal(isNarrowed({ ...all, range: { kind: 'last', name: '5m' }, limit: 500 }), false);
  for (const change of [{ service: 'a' }, { minDurationMs: 0 }, { errorsOnly: true }, { q: 'x' }])
    assert.equal(isNarrowed({ ...all, ...change }), true);
});

test('a typed duration may have a unit', () => {
  const cases: [string, number | undefined][] = [
    ['250', 250],
    ['250ms', 250],
    [' 1.5 s ', 1500],
    ['800us', 0.8],
    ['2min', 120_000],
    ['', undefined],
    ['fast', undefined],
    ['-5', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(readDuration(text), expected);
});

test('a trace id is read alone or inside a traceparent', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  for (const text of [id, ` ${id.toUpperCase()} `, `00-${id}-00f067aa0ba902b7-01`]) assert.equal(readTraceId(text), id);
  for (const text of ['', 'gift', id.slice(1)]) assert.equal(readTraceId(text), undefined);
});
