import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricAnswer, MetricSeries } from '../api/answers.ts';
import { hasOverflow, metricLines, unitOf } from './metric-lines.ts';

function series(
  service: string,
  labels: Record<string, string>,
  points: [number, number][],
  instance = `${service}-1`,
): MetricSeries {
  return { service, instance, labels, points };
}

function answer(...all: MetricSeries[]): MetricAnswer {
  return { name: 'm', type: 'gauge', unit: '', series: all };
}

test('lines share one time axis and have gaps where they have no value', () => {
  const { timesMs, lines } = metricLines(
    answer(
      series('a', {}, [
        [1, 10],
        [3, 30],
      ]),
      series('b', {}, [[2, 5]]),
    ),
    { stat: 'p99', stepMs: 1000 },
  );

  assert.deepEqual(timesMs, [1, 2, 3]);
  assert.deepEqual(
    lines.map(({ name, values, last, max }) => ({ name, values, last, max })),
    [
      { name: 'a', values: [10, null, 30], last: 30, max: 30 },
      { name: 'b', values: [null, 5, null], last: 5, max: 5 },
    ],
  );
});

test('a name has only what tells the lines apart', () => {
  const { lines } = metricLines(
    answer(
      series('room', { method: 'Get', code: 'ok', host: 'h' }, [[1, 4]]),
      series('room', { method: 'Get', code: 'internal', host: 'h' }, [[1, 3]]),
      series('room', { method: 'List', code: 'ok', host: 'h' }, [[1, 2]], 'room-1'),
      series('room', { method: 'List', code: 'ok', host: 'h' }, [[1, 1]], 'room-2'),
    ),
    { stat: 'p99', stepMs: 1000 },
  );

  assert.deepEqual(
    lines.map((line) => line.name),
    ['room · Get · ok', 'room · Get · internal', 'room · List · ok · room-1', 'room · List · ok · room-2'],
  );
});

test('a histogram is drawn by percentile, mean or rate', () => {
  const histogram: MetricAnswer = {
    name: 'rpc.server.call.duration',
    type: 'histogram',
    unit: 's',
    series: [
      {
        ...series('room', {}, []),
        histogram: [
          [0, { count: 20, sum: 4, p50: 0.1, p90: 0.4, p99: 0.9 }],
          [5000, { count: 0, sum: 0, p50: null, p90: null, p99: null }],
        ],
      },
    ],
  };
  const cases = { p50: [0.1, null], p99: [0.9, null], mean: [0.2, null], rate: [4, 0] } as const;
  for (const [stat, expected] of Object.entries(cases)) {
    assert.deepEqual(
      metricLines(histogram, { stat: stat as keyof typeof cases, stepMs: 5000 }).lines[0]?.values,
      expected,
    );
  }
  assert.deepEqual([unitOf(histogram, 'p50'), unitOf(histogram, 'rate')], ['s', '/s']);
});

test('instances are added up unless they are gauges or asked for', () => {
  const both = [series('room', {}, [[1, 2]], 'room-1'), series('room', {}, [[1, 3]], 'room-2')];
  const counter = { ...answer(...both), type: 'counter' };
  const lasts = (metric: MetricAnswer, isByInstance: boolean) =>
    metricLines(metric, { stat: 'p99', stepMs: 1000, isByInstance }).lines.map((line) => line.last);

  assert.deepEqual(lasts(counter, false), [5]);
  assert.deepEqual(lasts(counter, true), [3, 2]);
  assert.deepEqual(lasts(answer(...both), false), [3, 2]);
});

test('no series are no lines', () => {
  assert.deepEqual(metricLines(answer(), { stat: 'p99', stepMs: 1000 }), { timesMs: [], lines: [] });
});

test('an overflow is seen', () => {
  assert.equal(hasOverflow([{ labels: { 'otel.metric.overflow': 'true' } }]), true);
  assert.equal(hasOverflow([{ labels: { method: 'Get' } }]), false);
});
