import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { chan } from '../channel/local-channel.ts';
import { type Context, contextKey } from '../context/context.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { setTracker, type Tracked } from '../parking/tracking.ts';
import { yieldNow } from '../parking/turns.ts';
import { sleep } from '../time/wait.ts';
import { type Group, group } from './group.ts';
import type { Task } from './task.ts';

failOnLeaks();

const doom = new Error('doomed');
const later = new Error('later');
/** A task that ends as Go's do: an error fails it. */
const ends = (error: Error | undefined) => async () => {
  if (error !== undefined) throw error;
};
/** Waits until its Context ends, and throws its error. */
const untilCanceled = (ctx: Context) => sleep(ctx, 1e9);

async function errorOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return undefined;
}

// Go: x/sync/errgroup/errgroup_test.go TestZeroGroup, TestWithContext, TestCancelCause
for (const { name, errors, want } of [
  { name: 'no tasks', errors: [], want: undefined },
  { name: 'one that succeeds', errors: [undefined], want: undefined },
  { name: 'one that fails', errors: [doom], want: doom },
  { name: 'a failure, then a success', errors: [doom, undefined], want: doom },
  { name: 'two failures', errors: [doom, undefined, later], want: doom },
]) {
  test(`wait throws the first error and leaves the context ended by it: ${name}`, async () => {
    const g = group(background());
    for (const error of errors) g.go(ends(error));

    const thrown = await errorOf(g.wait());

    assert.equal(thrown, want);
    assert.equal(g.ctx.err()?.code, 'canceled');
    assert.equal(g.ctx.cause(), want ?? g.ctx.err());
  });
}

test('every value is there after wait, under its own type', async () => {
  const g = group(background());
  const text = g.go(async () => 'seven');
  const number = g.go(() => 7);
  const nothing = g.go(async () => undefined);

  await g.wait();

  const typed: [string, number, undefined] = [text.value, number.value, nothing.value];
  assert.deepEqual(typed, ['seven', 7, undefined]);
  // @ts-expect-error The value of the first task is a string.
  number satisfies Task<string>;
  // A task of something narrower is a task of something wider.
  number satisfies Task<number | string>;
});

test('a thenable, such as another task, counts as a promise', async () => {
  const g = group(background());
  const inner = g.go(async () => {
    await yieldNow();
    return 7;
  });
  const task = g.go(() => inner);

  assert.equal(task.state, 'running');
  await g.wait();

  assert.equal(task.value satisfies number, 7);
});

test('a result that cannot be asked whether it is a thenable fails its task', async () => {
  const g = group(background());
  const task = g.go(() => ({
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    get then(): never {
      throw doom;
    },
  }));

  await assert.rejects(g.wait(), doom);

  assert.equal(task.state, 'failed');
});

test('await gives the value of a task before, at and after its end', async () => {
  const g = group(background());
  const gate = Promise.withResolvers<number>();
  const task = g.go(() => gate.promise);
  const early = Promise.all([task, task]);

  gate.resolve(7);

  assert.deepEqual(await early, [7, 7]);
  assert.equal(await task, 7);
  assert.equal(task.state, 'done');
  await g.wait();
});

test('a task runs up to its first wait within go, and one that needs no wait is done by then', () => {
  const g = group(background());
  const steps: string[] = [];

  const waiting = g.go(async () => {
    steps.push('started');
    await yieldNow();
    steps.push('went on');
  });
  const done = g.go(() => 7);

  assert.deepEqual(steps, ['started']);
  assert.deepEqual([waiting.state, done.state, done.value, g.size], ['running', 'done', 7, 1]);
});

test('the value of a task that has not ended is refused, and that of a failed one throws its error', async () => {
  const g = group(background());
  const task = g.go(ends(doom));

  assert.throws(() => task.value, { code: 'failed_precondition', reason: 'TASK_NOT_ENDED' });
  assert.equal(task.error, undefined);
  await errorOf(g.wait());

  assert.throws(() => task.value, doom);
  assert.equal(task.error, doom);
});

// Go: x/sync/errgroup/errgroup.go (panics: ours become errors)
test('a task that throws before its first wait has failed, and go does not throw', async () => {
  const g = group(background());

  const task = g.go(() => {
    throw doom;
  });

  assert.deepEqual([task.state, task.error, g.size], ['failed', doom, 0]);
  assert.equal(await errorOf(g.wait()), doom);
});

test('a task that throws undefined has failed', async () => {
  const g = group(background());
  const task = g.go(() => Promise.reject(undefined));
  let isThrown = false;

  await g.wait().catch(() => {
    isThrown = true;
  });

  assert.deepEqual([task.state, isThrown], ['failed', true]);
});

test('the first error cancels the other tasks, which end with it, and wait comes after them', async () => {
  const g = group(background());
  const steps: string[] = [];
  const other = g.go(async (ctx) => {
    try {
      await untilCanceled(ctx);
    } finally {
      await yieldNow();
      steps.push('cleaned up');
    }
  });
  const failing = g.go(ends(doom));

  const thrown = await errorOf(g.wait());
  steps.push('wait threw');

  assert.equal(thrown, doom);
  assert.deepEqual(steps, ['cleaned up', 'wait threw']);
  assert.deepEqual([failing.error, other.error], [doom, doom]);
});

test('a call of the platform that the first error aborts ends with that error, and not with an AbortError', async () => {
  const g = group(background());
  const aborted = g.go((ctx) => once(new EventEmitter(), 'never', { signal: ctx.signal }));
  g.go(ends(doom));

  await assert.rejects(g.wait(), doom);

  assert.equal(aborted.error, doom);
});

test('a task that fails on its own after the first error keeps its error', async () => {
  const g = group(background());
  g.go(ends(doom));
  const cleanup = g.go(async (ctx) => {
    await untilCanceled(ctx).catch(() => undefined);
    throw later;
  });

  assert.equal(await errorOf(g.wait()), doom);
  assert.equal(cleanup.error, later);
});

test('the end of the context ends the tasks through that of the group, and wait throws it', async () => {
  const clock = virtualClock();
  const g = group(rootContext(clock).withTimeout(50));
  const slow = g.go(untilCanceled);
  const waited = errorOf(g.wait());

  await clock.advance(50);

  assert.equal(((await waited) as { code?: string }).code, 'deadline_exceeded');
  assert.equal(slow.state, 'failed');
  assert.equal(clock.pending, 0);
});

test('the end of the context that a call of the platform tells of by an AbortError is thrown as that end', async () => {
  const clock = virtualClock();
  const g = group(rootContext(clock).withTimeout(50));
  g.go((ctx) => once(new EventEmitter(), 'never', { signal: ctx.signal }));

  await clock.advance(50);

  await assert.rejects(g.wait(), { code: 'deadline_exceeded' });
});

test('cancel ends the tasks with its cause, and wait throws what they ended with', async () => {
  const g = group(background());
  g.go(untilCanceled);

  g.cancel(doom);

  const thrown = await errorOf(g.wait());
  assert.equal((thrown as { code?: string }).code, 'canceled');
  assert.equal((thrown as Error).cause, doom);
});

test('wait succeeds after cancel if no task minds', async () => {
  const g = group(background());
  const task = g.go(async (ctx) => {
    await untilCanceled(ctx).catch(() => undefined);
    return 'stopped';
  });

  g.cancel();
  await g.wait();

  assert.equal(task.value, 'stopped');
});

test('tasks get the values of the context', async () => {
  const key = contextKey('user', 'nobody');
  const g = group(background().withValue(key, 'ann'));

  const task = g.go((ctx) => ctx.value(key));

  await g.wait();
  assert.equal(task.value, 'ann');
});

test('wait comes after tasks that tasks have added meanwhile', async () => {
  const g = group(background());
  const ended: number[] = [];
  const chain = async (depth: number): Promise<void> => {
    await yieldNow();
    if (depth < 5) g.go(() => chain(depth + 1));
    ended.push(depth);
  };
  g.go(() => chain(0));

  await g.wait();

  assert.deepEqual(ended, [0, 1, 2, 3, 4, 5]);
  assert.equal(g.size, 0);
});

test('several callers of wait all get its outcome, also those who come late', async () => {
  const g = group(background());
  g.go(ends(doom));

  const thrown = await Promise.all([errorOf(g.wait()), errorOf(g.wait())]);

  assert.deepEqual(thrown, [doom, doom]);
  assert.equal(await errorOf(g.wait()), doom);
});

// Go: x/sync/errgroup/errgroup_test.go TestZeroGroup (its Go after Wait: a group of ours is over then)
test('a group takes no tasks after wait', async () => {
  const g = group(background());
  await g.wait();
  const closed = { code: 'failed_precondition', reason: 'GROUP_CLOSED' };

  assert.throws(() => g.go(() => 1), closed);
  assert.throws(() => g.tryGo(() => 1), closed);
  assert.throws(() => g.room(), closed);
});

test('a task that is added after the group was canceled never starts and has failed', async () => {
  const g = group(background());
  g.cancel(doom);
  let isStarted = false;

  const task = g.go(() => {
    isStarted = true;
  });

  assert.equal(isStarted, false);
  assert.equal(task.state, 'failed');
  assert.equal((task.error as Error).cause, doom);
  assert.equal(await errorOf(g.wait()), task.error);
});

test('a context that has ended starts no task', async () => {
  const parent = background().withCancel();
  parent.cancel();
  const g = group(parent);

  const task = g.go(() => 1);

  assert.equal(task.state, 'failed');
  assert.equal(((await errorOf(g.wait())) as { code?: string }).code, 'canceled');
});

test('leaving the block waits for all tasks without canceling them', async () => {
  let task: Task<string>;
  {
    await using g = group(background());
    task = g.go(async (ctx) => {
      await yieldNow();
      return ctx.err() === undefined ? 'wanted' : 'canceled';
    });
  }

  assert.equal(task.value, 'wanted');
});

test('leaving the block throws the first error if nobody was handed it', async () => {
  async function block() {
    await using g = group(background());
    g.go(ends(doom));
  }

  assert.equal(await errorOf(block()), doom);
});

test('no task outlives a body that throws', async () => {
  let isEnded = false;
  async function block() {
    await using g = group(background());
    g.go(async () => {
      await yieldNow();
      isEnded = true;
    });
    throw doom;
  }

  assert.equal(await errorOf(block()), doom);
  assert.equal(isEnded, true);
});

test('an error of the body stands below the first error of the group', async () => {
  async function block() {
    await using g = group(background());
    g.go(ends(doom));
    throw later;
  }

  const thrown = await errorOf(block());

  assert.ok(thrown instanceof SuppressedError);
  assert.deepEqual([thrown.error, thrown.suppressed], [doom, later]);
});

for (const [what, body] of Object.entries({
  wait: (g: Group) => g.wait(),
  'await of the task that failed': (_g: Group, failing: Task<void>) => failing,
  'await of a task that the failure canceled': (_g: Group, _failing: Task<void>, other: Task<void>) => other,
  room: async (g: Group) => {
    await yieldNow();
    await g.room();
  },
})) {
  test(`the end of the block does not throw again what the body got by ${what}`, async () => {
    async function block() {
      await using g = group(background());
      const other = g.go(untilCanceled);
      const failing = g.go(ends(doom));
      await body(g, failing, other);
    }

    assert.equal(await errorOf(block()), doom);
  });
}

test('the end of the block does not tell again of the end of the context', async () => {
  const parent = background().withCancel();
  async function block() {
    await using g = group(parent);
    g.go(untilCanceled);
    const second = g.go(untilCanceled);
    parent.cancel(doom);
    await second;
  }

  const thrown = await errorOf(block());

  assert.equal((thrown as { code?: string }).code, 'canceled');
});

test('the end of the block tells of a failure after the end of the context, of which the body knows', async () => {
  async function block() {
    await using g = group(background());
    g.go(async (ctx) => {
      await untilCanceled(ctx).catch(() => undefined);
      throw later;
    });
    g.cancel(doom);
    await g.room();
  }

  const thrown = await errorOf(block());

  assert.ok(thrown instanceof SuppressedError);
  assert.deepEqual([thrown.error, thrown.suppressed.cause], [later, doom]);
});

test('the end of the block closes the group', async () => {
  let left: Group;
  {
    await using g = group(background());
    left = g;
  }

  assert.throws(() => left.go(() => 1), { reason: 'GROUP_CLOSED' });
  assert.equal(left.ctx.err()?.code, 'canceled');
});

test('a task that is awaited and fails is an unhandled rejection only if that promise is', async () => {
  const g = group(background());
  const task = g.go(ends(doom));

  const handled = await task.then(undefined, (error) => error);

  assert.equal(handled, doom);
  assert.equal(await errorOf(g.wait()), doom);
});

test('tasks leave nothing in the context above', async () => {
  const clock = virtualClock();
  const parent = rootContext(clock).withTimeout(1000);
  const g = group(parent, { limit: 1 });
  const input = chan<number>();
  const first = g.go((ctx) => input.recv(ctx));
  const second = g.go((ctx) => input.recv(ctx));
  assert.equal(clock.pending, 1);

  input.trySend(1);
  await yieldNow();
  input.trySend(2);
  await g.wait();

  assert.deepEqual([first.value, second.value, clock.pending], [1, 2, 0]);
});

test('debug mode is told of the start and the end of every task that starts, and runs it', async (t) => {
  const told: string[] = [];
  const say = (word: string) => (tracked: Tracked) => void told.push(`${word} ${tracked.describe()}`);
  t.after(() => setTracker(undefined));
  setTracker({
    parked: say('parked'),
    resumed: say('resumed'),
    task(task, body) {
      told.push(`start ${task.describe()}`);
      return body();
    },
    ended: say('end'),
    armed: () => undefined,
    disarmed: () => undefined,
  });
  const g = group(background(), { limit: 1 });
  g.go(async function load() {
    await yieldNow();
  });
  g.go(() => undefined);

  await g.wait();

  assert.deepEqual(told, [
    'start task load',
    'parked wait for a group (1 tasks run, 1 wait)',
    'end task load',
    'start task',
    'end task',
    'resumed wait for a group (0 tasks run, 0 wait)',
  ]);
});
