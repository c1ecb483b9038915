import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaneRates, Service, ServiceInstance } from '../api/answers.ts';
import { laneRows } from './lane-rows.ts';

function rates(lane: string, errorRate = 0, p99Ms: number | null = 10, p50Ms: number | null = 5): LaneRates {
  return { lane, requestsPerSecond: 1, errorRate, p50Ms, p99Ms };
}

function instance(id: string, lane: string, state: ServiceInstance['state'] = 'ready'): ServiceInstance {
  return { id, lane, version: '1', endpoints: {}, healthy: true, state, lastSeenMs: 0 };
}

function service(lanes: readonly LaneRates[], instances: readonly ServiceInstance[]): Service {
  return { name: 'room', version: '1', instances, requestsPerSecond: 1, errorRate: 0, p50Ms: 5, p99Ms: 10, lanes };
}

test('a service without lanes has no rows, nor has one whose lane has gone', () => {
  assert.deepEqual(laneRows(service([], [instance('room-1', ''), instance('room-blue-1', 'blue', 'gone')])), []);
});

test('the baseline comes first, then every lane that has calls or replicas', () => {
  const rows = laneRows(
    service([rates('red'), rates('')], [instance('room-1', ''), instance('room-blue-1', 'blue'), instance('x', '')]),
  );

  assert.deepEqual(
    rows.map(({ lane, instances, requestsPerSecond }) => [lane, instances.length, requestsPerSecond]),
    [
      ['', 2, 1],
      ['blue', 1, 0],
      ['red', 0, 1],
    ],
  );
});

const troubles: readonly (readonly [what: string, lane: LaneRates, trouble: string])[] = [
  ['as the baseline', rates('blue'), ''],
  ['a few more failures', rates('blue', 0.11), ''],
  ['many more failures', rates('blue', 0.5), 'fails more'],
  ['fewer failures', rates('blue', 0), ''],
  ['a little slower', rates('blue', 0.1, 25), ''],
  ['much slower', rates('blue', 0.1, 95), '10 times slower'],
  ['both', rates('blue', 0.9, 95), 'fails more, 10 times slower'],
  ['slower in most calls, in the slowest not', rates('blue', 0.1, 10, 40), '8 times slower'],
  ['no latency yet', rates('blue', 0.1, null), ''],
];
for (const [what, lane, trouble] of troubles) {
  test(`the trouble of a lane is "${trouble}" for ${what}`, () => {
    const [, row] = laneRows(service([rates('', 0.1), lane], []));

    assert.equal(row?.trouble, trouble);
  });
}
