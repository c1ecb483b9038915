import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MetricAnswer } from './index.ts';
import { keyValues, metricsJson, nanos } from './testdata/otlp-json.ts';
import { type Rig, startRig } from './testdata/rig.ts';

describe('metrics', () => {
  const start = Math.floor(Date.now() / 10_000) * 10_000 - 60_000;
  const point = (seconds: number, rest: object) => ({
    startTimeUnixNano: nanos(start),
    timeUnixNano: nanos(start + seconds * 1000),
    ...rest,
  });
  const ask = (rig: Rig, name: string, more = '') =>
    rig.get<MetricAnswer>(`/api/metrics?name=${name}&since=${start}&until=${start + 39_999}&stepMs=10000${more}`);

  it('of a gauge are its values, held while it does not change', async () => {
    await using rig = await startRig();
    const dataPoints = [point(1, { asDouble: 5 }), point(11, { asDouble: 7 }), point(31, { asDouble: 2 })];
    await rig.post('metrics', metricsJson('room', [{ name: 'open', unit: '{room}', gauge: { dataPoints } }]));

    const { type, unit, series } = await ask(rig, 'open');

    assert.deepEqual([type, unit], ['gauge', '{room}']);
    assert.deepEqual(
      series[0]!.points.map(([, value]) => value),
      [5, 7, 7, 2],
    );
  });

  it('of a counter are what it grew per second, from zero and over a restart', async () => {
    await using rig = await startRig();
    const sum = (seconds: number, asInt: string) => ({
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [point(seconds, { asInt, attributes: keyValues({ gift: 'rose' }) })],
    });
    for (const [seconds, value] of [
      [1, '20'],
      [11, '50'],
      [21, '10'],
      [31, '10'],
    ] as const) {
      await rig.post('metrics', metricsJson('gift', [{ name: 'sent', sum: sum(seconds, value) }]));
    }

    const { unit, series } = await ask(rig, 'sent');

    assert.deepEqual([unit, series[0]!.labels, series[0]!.instance], ['/s', { gift: 'rose' }, 'gift-1']);
    assert.deepEqual(
      series[0]!.points.map(([, value]) => value),
      [2, 3, 1, 0],
    );
  });

  it('of a counter that is first reported a minute after its start count from zero', async () => {
    await using rig = await startRig();
    const dataPoints = [point(21, { asInt: '40', startTimeUnixNano: nanos(start - 40_000) })];
    const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints };
    await rig.post('metrics', metricsJson('gift', [{ name: 'sent', sum }]));

    const { series } = await ask(rig, 'sent');

    assert.deepEqual(
      series[0]!.points.map(([, value]) => value),
      [0, 0, 4, 0],
    );
  });

  it('of a histogram are count, sum and percentiles of each step', async () => {
    await using rig = await startRig();
    const at = (seconds: number, bucketCounts: string[], total: number) => ({
      aggregationTemporality: 2,
      dataPoints: [
        point(seconds, {
          count: String(bucketCounts.reduce((all, n) => all + Number(n), 0)),
          sum: total,
          bucketCounts,
          explicitBounds: [1, 2],
        }),
      ],
    });
    await rig.post(
      'metrics',
      metricsJson('room', [{ name: 'wait', unit: 's', histogram: at(1, ['10', '0', '0'], 5) }]),
    );
    await rig.post(
      'metrics',
      metricsJson('room', [{ name: 'wait', unit: 's', histogram: at(11, ['10', '10', '0'], 20) }]),
    );

    const { type, series } = await ask(rig, 'wait');

    assert.equal(type, 'histogram');
    assert.deepEqual(
      series[0]!.histogram!.slice(0, 3).map(([, step]) => step),
      [
        { count: 10, sum: 5, p50: 0.5, p90: 0.9, p99: 0.99 },
        { count: 10, sum: 15, p50: 1.5, p90: 1.9, p99: 1.99 },
        { count: 0, sum: 0, p50: null, p90: null, p99: null },
      ],
    );
    assert.deepEqual(
      series[0]!.points.slice(0, 2).map(([, rate]) => rate),
      [1, 1],
    );
  });

  it('are listed by name, and asked for by service', async () => {
    await using rig = await startRig();
    const gauge = { dataPoints: [point(1, { asInt: 1 })] };
    await rig.post(
      'metrics',
      metricsJson('room', [
        { name: 'b', description: 'B.', gauge },
        { name: 'a', unit: 's', gauge },
      ]),
    );
    await rig.post('metrics', metricsJson('gift', [{ name: 'a', unit: 's', gauge }]));

    const all = await rig.get<{ names: unknown[] }>('/api/metrics');

    assert.deepEqual(all.names, [
      { name: 'a', type: 'gauge', unit: 's', description: '' },
      { name: 'b', type: 'gauge', unit: '', description: 'B.' },
    ]);
    assert.deepEqual(
      (await rig.get<{ names: { name: string }[] }>('/api/metrics?service=gift')).names.map(({ name }) => name),
      ['a'],
    );
    assert.equal((await ask(rig, 'a')).series.length, 2);
    assert.equal((await ask(rig, 'a', '&service=gift')).series.length, 1);
    assert.deepEqual((await ask(rig, 'nosuch')).series, []);
  });
});
