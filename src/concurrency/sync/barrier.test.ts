import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { Barrier } from './barrier.ts';

failOnLeaks();

const ctx = background();

test('each waits until all are there, round after round', async () => {
  const barrier = new Barrier(3);
  const rounds: number[] = [0, 0, 0];
  const task = async (n: number) => {
    const generations: number[] = [];
    for (let round = 0; round < 20; round++) {
      for (let turn = 0; turn < n; turn++) await null;
      generations.push(await barrier.arrive(ctx));
      rounds[n] = round + 1;
      assert.ok(Math.max(...rounds) - Math.min(...rounds) <= 1, `rounds ${rounds}`);
    }
    return generations;
  };

  const all = await Promise.all([0, 1, 2].map(task));

  const expected = Array.from({ length: 20 }, (_, n) => n);
  assert.deepEqual(all, [expected, expected, expected]);
  assert.equal(barrier.arrived, 0);
});

test('the last to arrive does not wait', async () => {
  const barrier = new Barrier(2);

  const first = barrier.arrive(ctx);
  assert.deepEqual([first instanceof Promise, barrier.arrived], [true, 1]);

  assert.equal(barrier.arrive(ctx), 0);
  assert.equal(await first, 0);
  assert.equal(new Barrier(1).arrive(ctx), 0);
});

test('one that gives up is not counted, and another takes its place', async () => {
  const barrier = new Barrier(3);
  const child = ctx.withCancel();
  let isThrough = false;
  const first = Promise.resolve(barrier.arrive(ctx)).then((generation) => {
    isThrough = true;
    return generation;
  });
  const gone = assert.rejects(Promise.resolve(barrier.arrive(child)), (error) => errors.as(error)?.code === 'canceled');

  child.cancel();
  await gone;
  assert.throws(() => barrier.arrive(child));
  assert.equal(barrier.arrived, 1);
  const second = barrier.arrive(ctx);
  await yieldNow();
  assert.equal(isThrough, false);

  assert.equal(barrier.arrive(ctx), 0);
  assert.deepEqual(await Promise.all([first, second]), [0, 0]);
});

test('one that was let through is through, even if its context ends before it goes on', async () => {
  const barrier = new Barrier(2);
  const child = ctx.withCancel();
  const first = barrier.arrive(child);

  barrier.arrive(ctx);
  child.cancel();

  assert.equal(await first, 0);
  assert.equal(barrier.arrived, 0);
});

test('a number of parties that is none is refused', () => {
  for (const parties of [0, -1, 1.5, Number.NaN]) assert.throws(() => new Barrier(parties), RangeError);
});
