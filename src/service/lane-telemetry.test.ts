import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { createTelemetry, withTelemetry } from '../observe/index.ts';
import { chain, instrument, type MethodInfo } from './index.ts';

const method: MethodInfo = {
  service: 'room',
  method: 'Get',
  kind: 'unary',
  transport: 'rpc',
  side: 'server',
  idempotent: true,
  timeoutMs: 0,
};

/** The counts of the duration metric after a call in each of these lanes, by its labels. */
async function countsOf(lanes: readonly string[]): Promise<Record<string, number>> {
  const telemetry = createTelemetry({
    resource: { service: 'room', version: '1', instance: 'room-1' },
    runtimeMetrics: false,
    write: () => {},
  });
  const call = chain([instrument])(async () => 1, method);
  for (const lane of lanes) await call(withFields(withTelemetry(background(), telemetry), { lane }), undefined);
  const lines = telemetry.prometheus().matchAll(/^rpc_server_call_duration_seconds_count\{([^}]*)\} (\d+)$/gm);
  await telemetry.close(background());
  return Object.fromEntries(Array.from(lines, ([, labels = '', count]) => [labels, Number(count)]));
}

test('a call of a lane is counted under its lane, and one of the baseline without a label', async () => {
  const counts = await countsOf(['', 'blue', 'blue', '']);

  assert.deepEqual(counts, {
    'method="room/Get",code="ok"': 2,
    'method="room/Get",code="ok",lane="blue"': 2,
  });
});

test('more than sixteen lanes share a label', async () => {
  const counts = await countsOf(Array.from({ length: 100 }, (_, index) => `lane-${index}`));

  assert.equal(Object.keys(counts).length, 17);
  assert.equal(counts['method="room/Get",code="ok",lane="other"'], 84);
});
