import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import type { Context } from '../context/context.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { sleep } from '../time/wait.ts';
import { all } from './all.ts';

failOnLeaks();

const doom = new Error('doomed');

test('gives the results by name, each under its own type', async () => {
  const results = await all(background(), {
    text: async (ctx) => (ctx.err() === undefined ? 'seven' : ''),
    number: () => 7,
    none: async () => undefined,
  });

  results satisfies { text: string; number: number; none: undefined };
  // @ts-expect-error There is no such result.
  assert.equal(results.other, undefined);
  assert.deepEqual(results, { text: 'seven', number: 7, none: undefined });
});

test('gives the results of a list as a tuple', async () => {
  const results = await all(background(), [async () => 'seven', (ctx) => ctx.deadline, () => 7]);

  results satisfies [string, number | undefined, number];
  assert.deepEqual(results, ['seven', undefined, 7]);
});

test('gives the results of an array of unknown length as an array', async () => {
  const fns = [1, 2, 3].map((n) => async () => n * 2);

  const results: number[] = await all(background(), fns);

  assert.deepEqual(results, [2, 4, 6]);
});

test('a result can have any name', async () => {
  const fns: Record<string, () => number> = { ['__proto__']: () => 7 };

  const results = await all(background(), fns);

  assert.deepEqual(Object.entries(results), [['__proto__', 7]]);
});

test('nothing to run gives nothing', async () => {
  assert.deepEqual([await all(background(), {}), await all(background(), [])], [{}, []]);
});

// Go: x/sync/errgroup/errgroup_test.go ExampleGroup_parallel, TestWithContext
test('the first error cancels the others, and is thrown once they have ended', async () => {
  const steps: string[] = [];
  const running = all(background(), {
    slow: async (ctx) => {
      await sleep(ctx, 1e9).catch(() => steps.push('canceled'));
      await yieldNow();
      steps.push('ended');
    },
    failing: async () => {
      throw doom;
    },
  });

  await assert.rejects(running, doom);

  assert.deepEqual(steps, ['canceled', 'ended']);
});

test('no more functions than the limit run at a time', async () => {
  let active = 0;
  let most = 0;
  const fn = async () => {
    most = Math.max(most, ++active);
    await yieldNow();
    active--;
  };

  await all(background(), [fn, fn, fn, fn, fn], { limit: 2 });

  assert.equal(most, 2);
});

test('a list longer than the queue of a group is taken whole', async () => {
  const fns = Array.from({ length: 70_000 }, (_, n) => () => (n < 1 ? yieldNow().then(() => n) : n));

  const results = await all(background(), fns, { limit: 1 });

  assert.equal(results.length, 70_000);
  assert.equal(results[69_999], 69_999);
});

test('a context that has ended runs nothing', async () => {
  const ctx = background().withCancel();
  ctx.cancel(doom);
  let isCalled = false;
  const fn = (_ctx: Context) => {
    isCalled = true;
  };

  await assert.rejects(all(ctx, { fn }), { code: 'canceled', cause: doom });

  assert.equal(isCalled, false);
});

test('a bad limit is refused', async () => {
  await assert.rejects(all(background(), { one: () => 1 }, { limit: 0 }), RangeError);
});
