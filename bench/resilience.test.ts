import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from 'flotilla/concurrency';
import { caller, guardedCaller } from './resilience/caller.ts';
import { openLoop } from './resilience/load.ts';
import { healthy, measureHalfFailing, measureHedge, measureSlowNode, measureTiers } from './resilience/measure.ts';
import { NodeProcess } from './resilience/node-process.ts';
import { rows } from './resilience/rows.ts';

const quick = { ...healthy, meanMs: 0 };
const times = { settlingSeconds: 0.1, seconds: 0.3 };

test('a load makes the calls that are due, and counts those after its settling', async () => {
  const made = { settling: 0, measured: 0 };

  const calls = await openLoop({ perSecond: 200, settlingSeconds: 0.2, seconds: 0.4, seed: 1 }, async (label) => {
    made[label]++;
    if (made.measured % 2 === 1) throw new Error('each second one fails');
  });

  assert.ok(made.settling > 10 && made.measured > 30, `${made.settling} and ${made.measured}`);
  assert.equal(calls.sent, made.measured);
  assert.ok(calls.failed >= Math.floor(made.measured / 2));
  assert.ok(calls.latency(0.5) <= calls.latency(0.99));
});

test('nodes behave as they are told, pass calls on, and count what arrives', async () => {
  const last = await NodeProcess.start({ count: 2, behaviour: quick });
  const first = await NodeProcess.start({ count: 1, behaviour: quick, next: { urls: last.urls, guard: 'plain' } });
  try {
    using client = caller(first.urls, { guard: false });
    const call = (id: string) => client.getRoom(background(), { id });

    await call('well');
    const fails = { ...quick, failing: 1, code: 'unavailable' } as const;
    await last.behave({ 0: fails, 1: fails });
    await assert.rejects(call('broken'), { code: 'unavailable' });

    const total = async (nodes: NodeProcess, label: string) => (await nodes.arrived(label)).reduce((a, b) => a + b);
    assert.deepEqual([await total(first, 'well'), await total(last, 'well')], [1, 1]);
    assert.deepEqual([await total(first, 'broken'), await total(last, 'broken')], [1, 3]);
  } finally {
    await Promise.all([first.stop(), last.stop()]);
  }
  using client = guardedCaller(first.urls, 'no-breaker');
  await assert.rejects(client.getRoom(background(), { id: 'gone' }), { code: 'unavailable' });
});

test('each row is measured by one part', async () => {
  const nodes = await NodeProcess.start({ count: 20, behaviour: quick });
  try {
    const figures = {
      ...(await measureTiers('default', times)),
      ...(await measureSlowNode(nodes, 'default', times)),
      ...(await measureHedge(nodes, true, times)),
      ...(await measureHalfFailing(nodes, 1)),
    };

    assert.deepEqual(Object.keys(figures).sort(), rows.map(({ name }) => name).sort());
    for (const [name, value] of Object.entries(figures)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
  } finally {
    await nodes.stop();
  }
});
