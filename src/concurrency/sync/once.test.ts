import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { Once } from './once.ts';

failOnLeaks();

const ctx = background();

// Go: src/sync/once_test.go TestOnce
test('of many that call it, one runs the function, and none returns before it has ended', async () => {
  const once = new Once();
  let runs = 0;
  let ended = 0;
  const seen: number[] = [];

  const call = async () => {
    await once.do(ctx, async () => {
      runs++;
      await yieldNow();
      ended++;
    });
    seen.push(ended);
  };
  await Promise.all(Array.from({ length: 10 }, call));

  assert.equal(runs, 1);
  assert.deepEqual(seen, Array(10).fill(1));
});

test('a function that is not async runs at once, and later calls need no promise', () => {
  const once = new Once();
  let runs = 0;

  const results = [1, 2, 3].map(() =>
    once.do(ctx, () => {
      runs++;
    }),
  );

  assert.deepEqual(results, [undefined, undefined, undefined]);
  assert.equal(runs, 1);
});

// Go: src/sync/once_test.go TestOncePanic
test('a run that fails counts: its caller gets the error, the others return', async () => {
  const atOnce = new Once();
  const fail = () => {
    throw new Error('failed');
  };
  assert.throws(() => atOnce.do(ctx, fail), { message: 'failed' });
  assert.equal(atOnce.do(ctx, fail), undefined);

  const later = new Once();
  const running = assert.rejects(Promise.resolve(later.do(ctx, () => Promise.reject(new Error('failed later')))), {
    message: 'failed later',
  });
  const waiting = later.do(ctx, fail);
  assert.equal(waiting instanceof Promise, true);
  await running;
  await waiting;
  assert.equal(later.do(ctx, fail), undefined);
});

test('one that waits for the run of another gives up when its context ends, and the run goes on', async () => {
  const once = new Once();
  const child = ctx.withCancel();
  let finish = () => {};
  const running = once.do(ctx, () => new Promise<void>((resolve) => (finish = resolve)));
  const gone = assert.rejects(
    Promise.resolve(once.do(child, () => {})),
    (error) => errors.as(error)?.code === 'canceled',
  );
  const other = once.do(ctx, () => {});

  child.cancel();
  await gone;
  finish();

  await Promise.all([running, other]);
});

test('a context that has ended is refused and runs nothing', () => {
  const once = new Once();
  const child = ctx.withCancel();
  child.cancel();
  let runs = 0;
  const count = () => {
    runs++;
  };

  assert.throws(() => once.do(child, count));
  assert.equal(runs, 0);
  once.do(ctx, count);

  assert.equal(runs, 1);
});

test('a call from within its own run waits, and ends with its context', async () => {
  const once = new Once();
  const child = ctx.withCancel();

  const running = Promise.resolve(
    once.do(ctx, async () => {
      const inner = Promise.resolve(once.do(child, () => {}));
      child.cancel();
      await inner;
    }),
  );

  await assert.rejects(running, (error) => errors.as(error)?.code === 'canceled');
});
