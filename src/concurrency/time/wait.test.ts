import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background, isContextError } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { sleep, until } from './wait.ts';

failOnLeaks();

test('any number of untils that give up leave one reaction on a promise that stays pending', async (t) => {
  const promise = new Promise<never>(() => {});
  const { mock } = t.mock.method(promise, 'then');
  for (let i = 0; i < 100; i++) {
    const ctx = background().withCancel();
    const waiting = until(ctx, promise);
    ctx.cancel();
    await assert.rejects(waiting, { code: 'canceled' });
    await assert.rejects(until(ctx, promise), { code: 'canceled' });
  }

  assert.equal(mock.callCount(), 1);
});

test('a promise that is settled counts under a context that has ended, whether it was asked before or not', async () => {
  const ctx = background().withTimeout(0);
  const failed = Promise.reject(new TypeError('x'));

  for (let asked = 0; asked < 2; asked++) {
    assert.equal(await until(ctx, Promise.resolve(7)), 7);
    await assert.rejects(until(ctx, failed), TypeError);
  }
});

test('a value that is no promise is given as it is, whatever the types of the caller say', async () => {
  const ctx = background().withCancel();
  const waiting = until(ctx, 5 as never);
  ctx.cancel();

  await assert.rejects(waiting, { code: 'canceled' });
  assert.equal(await until(background(), 5 as never), 5);
});

test('all who wait until one promise settles get its outcome, in the order in which they came', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const got: string[] = [];
  for (const name of ['a', 'b', 'c']) until(background(), promise).then((value) => got.push(`${name} ${value}`));

  resolve(1);
  await yieldNow();

  assert.deepEqual(got, ['a 1', 'b 1', 'c 1']);
  assert.equal(await until(background(), promise), 1);
});

test('each sleep under a context that has ended gets an error of its own', async () => {
  const ctx = background().withCancel();
  ctx.cancel();

  const errors = await Promise.all([0, 1].map(() => sleep(ctx, 1).catch((error: unknown) => error)));

  assert.ok(isContextError(errors[0]) && isContextError(errors[1]));
  assert.notEqual(errors[0], errors[1]);
});
