import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rollingRestart } from '../faults/rolling/rolling-restart.ts';

const rate = Number(process.env.FLOTILLA_ROLLING_RATE ?? 500);
const rounds = Number(process.env.FLOTILLA_ROLLING_ROUNDS ?? 10);

test(`${rounds} rolling restarts of every service in a row under ${rate} requests per second fail none`, async () => {
  const report = await rollingRestart(rounds, rate);

  console.log(JSON.stringify(report));
  assert.deepEqual(report.failures, []);
  // A machine that is too small for the rate refuses, and that is no fault of the restart; what it refused is printed above.
  assert.ok(report.ok > report.sent * 0.9, `${report.refused} of ${report.sent} were refused`);
});
