import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourWorks } from './guard/ours.ts';
import { rejectServer } from './guard/reject.ts';
import { rows } from './guard/rows.ts';

test('every row but the one over sockets is measured on our side', () => {
  const names = rows.map(({ name }) => name).filter((name) => name !== 'reject');

  assert.deepEqual(Object.keys(ourWorks).sort(), names.sort());
});

for (const [row, make] of Object.entries(ourWorks))
  test(`${row}: the work that is measured is done`, async () => {
    const made = make();

    await assert.doesNotReject(async () => (typeof made === 'function' ? made : made.guarded)(1000));
  });

test('the server of the row reject refuses all that it is asked', async () => {
  const server = await rejectServer('guard/reject-server.ts', [], 0.2);

  try {
    assert.ok((await server.contestant('reject')).reject! >= 0);
  } finally {
    await server.stop();
  }
});
