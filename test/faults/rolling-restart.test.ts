import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rollingRestart } from './rolling/rolling-restart.ts';

test('a rolling restart of every service of the reference fleet under load fails no request', async () => {
  const report = await rollingRestart(1, 40);

  console.log(JSON.stringify(report));
  assert.deepEqual(report.failures, []);
  assert.ok(report.ok > 100, `${report.ok} requests`);
});
