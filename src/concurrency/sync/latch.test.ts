import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { Latch } from './latch.ts';

failOnLeaks();

const ctx = background();

test('all that wait go on in their order when it was counted down to 0, and not before', async () => {
  const latch = new Latch(3);
  const order: number[] = [];
  const waiting = [0, 1, 2].map((n) => Promise.resolve(latch.wait(ctx)).then(() => order.push(n)));

  latch.countDown();
  latch.countDown();
  await yieldNow();
  assert.deepEqual([order, latch.count], [[], 1]);
  latch.countDown();
  await Promise.all(waiting);

  assert.deepEqual(order, [0, 1, 2]);
});

test('an open latch stays open, and nobody waits for it', () => {
  const latch = new Latch(2);

  latch.countDown(5);
  latch.countDown();

  assert.equal(latch.count, 0);
  assert.equal(latch.wait(ctx), undefined);
  assert.equal(new Latch(0).wait(ctx), undefined);
});

test('a wait whose context ends throws its error, and the others go on waiting', async () => {
  const latch = new Latch(1);
  const child = ctx.withCancel();
  const gone = assert.rejects(Promise.resolve(latch.wait(child)), (error) => errors.as(error)?.code === 'canceled');
  const other = latch.wait(ctx);

  child.cancel();
  await gone;
  assert.throws(() => latch.wait(child));
  latch.countDown();

  await other;
});

test('counts that are none are refused', () => {
  const latch = new Latch(1);

  for (const n of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => new Latch(n), RangeError);
    assert.throws(() => latch.countDown(n), RangeError);
  }
  assert.equal(latch.count, 1);
});
