import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultlessDoubles, mutants } from './broken-tools.ts';
import { check } from './check.ts';
import { Divergence } from './model.ts';

test('the doubles that carry the faults pass the check without one', async () => {
  await check({ runs: 2000, seed: 1, subject: faultlessDoubles });
});

for (const [name, subject] of Object.entries(mutants)) {
  test(`the check finds ${name}`, async () => {
    await assert.rejects(check({ runs: 10_000, seed: 1, subject }), (error: Error) => {
      assert.ok(error.cause instanceof Divergence, String(error.cause));
      return true;
    });
  });
}
