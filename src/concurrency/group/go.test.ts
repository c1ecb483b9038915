import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import type { Context } from '../context/context.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { unhandledRejections } from '../testdata/unhandled-rejections.ts';
import { sleep } from '../time/wait.ts';
import { go, type OwnedTask } from './go.ts';

failOnLeaks();

const doom = new Error('doomed');
const failsLater = async () => {
  await yieldNow();
  throw doom;
};
const untilCanceled = (ctx: Context) => sleep(ctx, 1e9);

test('a task gives its value to await, to wait and to value', async () => {
  const task: OwnedTask<number> = go(background(), async () => 7);

  assert.equal(await task, 7);
  assert.equal(await task.wait(background()), 7);
  assert.equal(task.value, 7);
});

test('wait gives the value itself where the task has ended', () => {
  const task = go(background(), () => 7);

  assert.equal(task.wait(background()), 7);
});

test('cancel ends the context of the task with its cause', async () => {
  const task = go(background(), untilCanceled);

  task.cancel(doom);

  await assert.rejects(async () => await task, { code: 'canceled', cause: doom });
});

test('the end of the context ends the task', async () => {
  const clock = virtualClock();
  const task = go(rootContext(clock).withTimeout(50), untilCanceled);
  const ended = assert.rejects(async () => await task, { code: 'deadline_exceeded' });

  await clock.advance(50);

  await ended;
});

test('a context that has ended starts nothing', async () => {
  const ctx = background().withCancel();
  ctx.cancel();
  let isCalled = false;

  const task = go(ctx, () => {
    isCalled = true;
  });

  assert.deepEqual([task.state, isCalled], ['failed', false]);
  await assert.rejects(async () => await task, { code: 'canceled' });
});

test('the end of a task ends its context', async () => {
  let inner: Context | undefined;

  await go(background(), (ctx) => {
    inner = ctx;
  });

  assert.equal(inner?.err()?.code, 'canceled');
});

test('who gives up the wait leaves the task running and the others waiting', async () => {
  const gate = Promise.withResolvers<number>();
  const impatient = background().withCancel();
  const task = go(background(), () => gate.promise);
  const left = task.wait(impatient);
  const stays = task.wait(background());

  impatient.cancel();
  await assert.rejects(async () => await left, { code: 'canceled' });
  gate.resolve(7);

  assert.equal(await stays, 7);
});

test('a block that owns a task of a context that has ended ends quietly', async () => {
  const ended = background().withCancel();
  ended.cancel();

  await using task = go(ended, () => 1);

  assert.equal(task.state, 'failed');
});

test('stop cancels a task with its cause and waits for its end', async () => {
  let cause: unknown;
  let ended = false;
  const task = go(background(), async (ctx) => {
    await sleep(ctx, 60_000).catch(() => {});
    cause = ctx.cause();
    await yieldNow();
    ended = true;
  });

  await task.stop('enough');

  assert.deepEqual([cause, ended], ['enough', true]);
});

test('wait refuses a context that has ended', () => {
  const ctx = background().withCancel();
  ctx.cancel();
  const task = go(background(), () => 7);

  assert.throws(() => task.wait(ctx), { code: 'canceled' });
});

test('the end of the block cancels the task and waits for its end', async () => {
  const steps: string[] = [];
  {
    await using task = go(background(), async (ctx) => {
      await untilCanceled(ctx).catch(() => steps.push('canceled'));
      await yieldNow();
      steps.push('ended');
    });
    steps.push(task.state);
  }

  assert.deepEqual(steps, ['running', 'canceled', 'ended']);
});

test('the end of the block says nothing of the cancellation it caused', async () => {
  let left: OwnedTask<void>;
  {
    await using task = go(background(), untilCanceled);
    left = task;
  }

  assert.equal((left.error as { code?: string }).code, 'canceled');
});

for (const [when, fn] of Object.entries({
  'before the block ended': failsLater,
  'when it was canceled': async (ctx: Context) => {
    await untilCanceled(ctx).catch(() => undefined);
    throw doom;
  },
})) {
  test(`the end of the block throws what the task failed with ${when}, and no rejection surfaces`, async (t) => {
    const surfaced = unhandledRejections(t);
    async function block() {
      await using task = go(background(), fn);
      for (let turn = 0; turn < 3; turn++) await yieldNow();
      assert.equal(task.state === 'failed', fn === failsLater);
    }

    await assert.rejects(block(), doom);

    await yieldNow();
    assert.deepEqual(surfaced, []);
  });
}

test('the end of the block throws the error of a task that failed within go', async (t) => {
  const surfaced = unhandledRejections(t);
  async function block() {
    await using _task = go(background(), () => {
      throw doom;
    });
    await yieldNow();
  }

  await assert.rejects(block(), doom);
  assert.deepEqual(surfaced, []);
});

test('the end of the block does not throw again what the body got', async () => {
  async function block() {
    await using task = go(background(), failsLater);
    await task;
  }

  await assert.rejects(block(), doom);
});

test('an error that nobody waits for surfaces as an unhandled rejection', async (t) => {
  const surfaced = unhandledRejections(t);

  go(background(), failsLater);
  go(background(), () => {
    throw doom;
  });

  for (let turn = 0; turn < 4; turn++) await yieldNow();
  assert.deepEqual(surfaced, [doom, doom]);
});

test('an error that somebody waits for, or takes in the same turn, does not surface', async (t) => {
  const surfaced = unhandledRejections(t);
  const awaited = go(background(), failsLater);
  const waited = go(background(), failsLater);
  const sync = go(background(), () => {
    throw doom;
  });

  await Promise.all([
    assert.rejects(async () => await awaited, doom),
    assert.rejects(async () => await waited.wait(background()), doom),
    assert.rejects(async () => await sync, doom),
  ]);

  await yieldNow();
  assert.deepEqual(surfaced, []);
});

test('a task that stops because it was canceled does not surface', async (t) => {
  const surfaced = unhandledRejections(t);
  const parent = background().withCancel();
  const task = go(background(), untilCanceled);
  go(parent, untilCanceled);

  task.cancel();
  parent.cancel();

  for (let turn = 0; turn < 3; turn++) await yieldNow();
  assert.deepEqual(surfaced, []);
});

test('a task leaves nothing in the context above when it has ended', async () => {
  const clock = virtualClock();
  const ctx = rootContext(clock).withTimeout(1000);
  const task = go(ctx, async (own) => await sleep(own, 10));

  await clock.advance(10);
  await task;

  assert.equal(clock.pending, 0);
});

test('an AbortError of the platform that the cancellation caused is the cancellation', async (t) => {
  const surfaced = unhandledRejections(t);
  {
    await using _stopped = go(background(), (ctx) => once(new EventEmitter(), 'never', { signal: ctx.signal }));
  }

  const canceled = go(background(), (ctx) => once(new EventEmitter(), 'never', { signal: ctx.signal }));
  canceled.cancel();
  await yieldNow();

  assert.deepEqual([canceled.state, surfaced], ['failed', []]);
});
