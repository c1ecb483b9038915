import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricAnswer, MetricSeries } from '../api/answers.ts';
import { decisionLines, decisionRows, fullness, gaugeRows } from './guard-tables.ts';

function answer(type: string, ...series: Partial<MetricSeries>[]): MetricAnswer {
  const rest = { labels: {}, service: 'room', instance: 'room-1', points: [] };
  return { name: 'guard', type, unit: '', series: series.map((each) => ({ ...rest, ...each })) };
}

const decided = (guard: string, decision: string, priority: string, ...values: number[]): Partial<MetricSeries> => ({
  labels: { guard, name: 'room/GetRoom', priority, decision },
  points: values.map((value, index) => [index * 1000, value] as const),
});

test('decisions are added up over instances and priorities, and told apart by reason', () => {
  const rows = decisionRows(
    answer(
      'counter',
      decided('overload', 'admitted', 'default', 10, 30),
      decided('overload', 'overloaded', 'sheddable', 0, 40),
      decided('overload', 'overloaded', 'background', 60, 60),
      { ...decided('overload', 'overloaded', 'background', 20, 0), instance: 'room-2' },
      decided('overload', 'overloaded', 'critical', 0, 0),
    ),
  );

  assert.deepEqual(
    rows.map(({ decision, perSecond, byPriority }) => [decision, perSecond, byPriority]),
    [
      ['overloaded', 90, { sheddable: 20, background: 70 }],
      ['admitted', 20, { default: 20 }],
    ],
  );
});

test('the lines of a server leave out what its callers decide, and count an admitted call once', () => {
  const { timesMs, lines } = decisionLines(
    answer(
      'counter',
      decided('overload', 'admitted', 'default', 10, 30),
      decided('limit', 'admitted', 'default', 10, 30),
      decided('limit', 'rate_limited', 'default', 1, 2),
      decided('overload', 'overloaded', 'background', 5, 6),
      decided('breaker', 'breaker_open', 'default', 7, 7),
    ),
  );

  assert.deepEqual(timesMs, [0, 1000]);
  assert.deepEqual(lines, [
    { decision: 'admitted', values: [10, 30] },
    { decision: 'overloaded', values: [5, 6] },
    { decision: 'rate_limited', values: [1, 2] },
  ]);
});

test('gauges of the same labels stand side by side, by instance, with their last value', () => {
  const labels = { method: 'room/GetRoom' };
  const rows = gaugeRows(
    {
      limits: answer('gauge', {
        labels,
        points: [
          [0, 8],
          [1000, 10],
        ],
      }),
      inFlight: answer(
        'gauge',
        {
          labels,
          points: [
            [0, 8],
            [1000, 5],
            [2000, null],
          ],
        },
        { labels, instance: 'room-2' },
      ),
    },
    ['limits', 'inFlight'],
  );

  assert.deepEqual(rows, [{ service: 'room', instance: 'room-1', labels, values: { limits: 10, inFlight: 5 } }]);
  assert.equal(fullness(rows[0]!, 'inFlight', 'limits'), 0.5);
  assert.equal(fullness(rows[0]!, 'retries', 'ejected'), 0);
});
