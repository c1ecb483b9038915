import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourWorks } from './concurrency/ours.ts';
import { batchOf, rows } from './concurrency/rows.ts';
import { check } from './concurrency/work.ts';

test('every row is measured on our side', () => {
  const names = rows([]).map(({ name }) => name);

  assert.deepEqual(Object.keys(ourWorks).sort(), names.sort());
});

for (const [row, work] of Object.entries(ourWorks))
  test(`${row}: the work that is measured is done`, async () => {
    await assert.doesNotReject(work(2 * batchOf(row)));
  });

test('a row whose work came to something else fails', () => {
  assert.throws(() => check(3, 4), /came to 3 instead of 4/);
});

test('a row has the goal 1 against every peer, unless the table says otherwise', () => {
  const buffered = rows(['go', 'p-limit']).find(({ name }) => name === 'buffered');

  assert.deepEqual(buffered?.goals, { go: 2, effect: 50, 'p-limit': 1 });
});
