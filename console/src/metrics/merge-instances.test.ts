import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSeries } from '../api/answers.ts';
import { mergeInstances } from './merge-instances.ts';

function series(instance: string, labels: Record<string, string>, points: [number, number][]): MetricSeries {
  return { service: 'room', instance, labels, points };
}

test('instances with the same labels are added up, over all their times', () => {
  const merged = mergeInstances([
    series('room-1', { code: 'ok', method: 'Get' }, [
      [1, 5],
      [2, 6],
    ]),
    series('room-2', { method: 'Get', code: 'ok' }, [
      [2, 10],
      [3, 11],
    ]),
    series('room-2', { method: 'Get', code: 'internal' }, [[2, 1]]),
  ]);

  assert.deepEqual(
    merged.map((each) => each.points),
    [
      [
        [1, 5],
        [2, 16],
        [3, 11],
      ],
      [[2, 1]],
    ],
  );
});

test('percentiles are weighted by observations, and none without any', () => {
  const point = (count: number, p: number | null) => ({ count, sum: count, p50: p, p90: p, p99: p });
  const [merged] = mergeInstances([
    {
      ...series('room-1', {}, []),
      histogram: [
        [1, point(30, 0.1)],
        [2, point(0, null)],
      ],
    },
    {
      ...series('room-2', {}, []),
      histogram: [
        [1, point(10, 0.5)],
        [2, point(4, 0.2)],
      ],
    },
  ]);

  assert.deepEqual(merged?.histogram, [
    [1, point(40, 0.2)],
    [2, point(4, 0.2)],
  ]);
});

test('a series of one instance stays as it is', () => {
  const alone = series('room-1', {}, [[1, 5]]);

  assert.deepEqual(mergeInstances([alone]), [alone]);
});
