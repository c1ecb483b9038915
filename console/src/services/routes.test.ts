import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistogramPoint, MetricAnswer } from '../api/answers.ts';
import { routesOf } from './routes.ts';

function answer(...series: [method: string, code: string, ...points: HistogramPoint[]][]): MetricAnswer {
  return {
    name: 'rpc.server.call.duration',
    type: 'histogram',
    unit: 's',
    series: series.map(([method, code, ...points]) => ({
      labels: { method, code },
      service: 'room',
      instance: 'room-1',
      points: [],
      histogram: points.map((point, index) => [index * 1000, point] as const),
    })),
  };
}

function point(count: number, p50: number | null, p99: number | null): HistogramPoint {
  return { count, sum: 0, p50, p90: null, p99 };
}

test('codes, steps and instances of a method are added up', () => {
  const rpc = answer(
    ['Get', 'ok', point(6, 0.01, 0.1), point(2, 0.03, 0.3)],
    ['Get', 'internal', point(2, 0.01, 0.1)],
    ['List', 'ok', point(30, 0.002, 0.004)],
  );

  const [list, get] = routesOf([rpc], 1000);

  assert.deepEqual(list, { method: 'List', calls: 30, requestsPerSecond: 15, errorRate: 0, p50Ms: 2, p99Ms: 4 });
  assert.deepEqual(
    { ...get, p50Ms: Math.round(get!.p50Ms!), p99Ms: Math.round(get!.p99Ms!) },
    { method: 'Get', calls: 10, requestsPerSecond: 5, errorRate: 0.2, p50Ms: 14, p99Ms: 140 },
  );
});

test('methods without calls in the range are left out', () => {
  assert.deepEqual(routesOf([answer(['Get', 'ok', point(0, null, null)]), answer()], 1000), []);
});
