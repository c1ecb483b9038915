import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as errors from '../../errors/index.ts';
import {
  background,
  type Clock,
  contextKey,
  current,
  isContextError,
  rootContext,
  runWith,
  sleep,
  until,
  withSignal,
} from '../index.ts';

/** A clock that stands still until told to move. */
function manualClock() {
  let now = 0;
  const pending = new Set<{ due: number; fn: () => void }>();
  const clock: Clock = {
    now: () => now,
    after: (ms, fn) => clock.at(now + ms, fn),
    at(due, fn) {
      const entry = { due, fn };
      pending.add(entry);
      return { stop: () => pending.delete(entry) };
    },
  };
  const advance = (ms: number) => {
    now += ms;
    for (const entry of [...pending].filter(({ due }) => due <= now)) {
      pending.delete(entry);
      entry.fn();
    }
  };
  return { clock, advance, pending };
}

test('the root is never done and has no deadline', () => {
  const ctx = background();

  assert.deepEqual(
    [ctx.err(), ctx.cause(), ctx.deadline, ctx.remainingMs()],
    [undefined, undefined, undefined, Number.POSITIVE_INFINITY],
  );
  assert.equal(ctx.signal.aborted, false);
});

test('cancel ends the context and its descendants, and not its parent', () => {
  const parent = background().withCancel();
  const child = parent.withCancel();
  const grandchild = child.withValue(contextKey('k', 0), 1);

  child.cancel(new Error('enough'));

  assert.equal(child.err()?.code, 'canceled');
  assert.equal(grandchild.err(), child.err());
  assert.equal((grandchild.cause() as Error).message, 'enough');
  assert.equal(parent.err(), undefined);
});

test('only the first end counts', () => {
  const ctx = background().withCancel();

  ctx.cancel('first');
  ctx.cancel('second');

  assert.equal(ctx.cause(), 'first');
});

test('a parent that ended first gives its children its own error, also where nobody was waiting', () => {
  const parent = background().withCancel();
  const child = parent.withCancel();

  parent.cancel('parent');
  child.cancel('child');

  assert.equal(child.cause(), 'parent');
});

test('the earliest deadline wins, whichever side it is on', () => {
  const { clock } = manualClock();
  const root = rootContext(clock);

  const early = root.withTimeout(100);
  const late = early.withTimeout(500);
  const earlier = early.withTimeout(50);

  assert.deepEqual([early.deadline, late.deadline, earlier.deadline], [100, 100, 50]);
});

test('err sees a passed deadline without any timer', () => {
  const { clock, advance, pending } = manualClock();
  const ctx = rootContext(clock).withTimeout(100, 'too slow').withValue(contextKey('k', 0), 1);

  assert.equal(pending.size, 0);
  advance(99);
  assert.equal(ctx.err(), undefined);
  assert.equal(ctx.remainingMs(), 1);
  advance(1);

  assert.equal(ctx.err()?.code, 'deadline_exceeded');
  assert.equal(ctx.cause(), 'too slow');
  assert.equal(ctx.remainingMs(), 0);
});

test('what came first ends a context, also where nobody was waiting', () => {
  const { clock, advance } = manualClock();
  const parent = rootContext(clock).withCancel();
  const expired = parent.withTimeout(100, 'too slow').withValue(contextKey('k', 0), 1);
  const inTime = parent.withTimeout(200);

  advance(150);
  parent.cancel('parent');
  advance(150);

  assert.deepEqual([expired.err()?.code, expired.cause()], ['deadline_exceeded', 'too slow']);
  assert.deepEqual([inTime.err()?.code, inTime.cause()], ['canceled', 'parent']);
});

test('a deadline that passed before the parent was canceled counts though its timer is late', () => {
  const { clock, advance } = manualClock();
  const parent = rootContext({ ...clock, after: () => ({ stop: () => true }) }).withCancel();
  const child = parent.withTimeout(100);
  let code: string | undefined;
  child.onDone(() => {
    code = child.err()?.code;
  });

  advance(150);
  parent.cancel();

  assert.equal(code, 'deadline_exceeded');
});

test('waiting on a context that can never end leaves nothing behind', () => {
  const ctx = background().withValue(contextKey('k', 0), 1).withoutCancel();

  const stop = ctx.onDone(() => assert.fail('it never ends'));

  assert.deepEqual([stop(), stop()], [true, false]);
  assert.equal(ctx.signal, ctx.signal);
  assert.equal(ctx.signal.aborted, false);
});

test('a context with a value shares the signal of the one that can end', () => {
  const parent = background().withCancel();
  const ctx = parent.withValue(contextKey('k', 0), 1);

  assert.equal(ctx.signal, parent.signal);
  parent.cancel();

  assert.ok(ctx.signal.aborted);
});

test('a timeout of zero is done at once and a negative or NaN one is refused', () => {
  assert.equal(background().withTimeout(0).err()?.code, 'deadline_exceeded');
  assert.throws(() => background().withTimeout(-1), /-1 is not a number of milliseconds/);
  assert.throws(() => background().withTimeout(Number.NaN), RangeError);
  assert.throws(() => background().withDeadline(Number.NaN), RangeError);
  assert.equal(background().withTimeout(Number.POSITIVE_INFINITY).deadline, undefined);
});

test('a deadline wakes those who wait, once, through any number of generations', () => {
  const { clock, advance, pending } = manualClock();
  const ctx = rootContext(clock).withTimeout(100);
  const leaf = ctx.withCancel().withValue(contextKey('k', 0), 1).withTimeout(5000);
  let calls = 0;
  leaf.onDone(() => calls++);

  assert.equal(pending.size, 1, 'one timer serves the chain');
  advance(100);
  advance(10_000);

  assert.equal(calls, 1);
  assert.equal(leaf.err()?.code, 'deadline_exceeded');
});

test('onDone of a done context runs its function in a microtask, and stop prevents it', async () => {
  const ctx = background().withCancel();
  ctx.cancel();
  const calls: string[] = [];

  ctx.onDone(() => calls.push('kept'));
  const stop = ctx.onDone(() => calls.push('stopped'));
  assert.equal(stop(), true);
  assert.deepEqual(calls, []);
  await Promise.resolve();

  assert.deepEqual(calls, ['kept']);
  assert.equal(stop(), false);
});

test('stop reports whether it prevented the call', () => {
  const ctx = background().withCancel();
  let calls = 0;
  const kept = ctx.onDone(() => calls++);
  const stopped = ctx.onDone(() => calls++);

  assert.equal(stopped(), true);
  assert.equal(stopped(), false);
  ctx.cancel();

  assert.equal(calls, 1);
  assert.equal(kept(), false);
});

test('a waiter that throws surfaces as an uncaught exception and does not keep the others from being told', () => {
  const program = `
    import { background } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const ctx = background().withCancel();
    ctx.onDone(() => { throw new Error('bad waiter'); });
    ctx.onDone(() => console.log('told'));
    ctx.cancel();
    console.log('canceled');`;

  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });

  assert.equal(stdout, 'told\ncanceled\nuncaught bad waiter\n');
});

test('leaving a using block cancels the context and frees its timer', () => {
  const { clock, pending } = manualClock();
  let seen: ReturnType<ReturnType<typeof rootContext>['withTimeout']>;
  {
    using ctx = rootContext(clock).withTimeout(100);
    ctx.onDone(() => {});
    assert.equal(pending.size, 1);
    seen = ctx;
  }

  assert.equal(pending.size, 0);
  assert.equal(seen.err()?.code, 'canceled');
});

test('values are found from child to root by key, not by name', () => {
  const user = contextKey('user', 'nobody');
  const other = contextKey('user', 'other');
  const ctx = background().withValue(user, 'ann').withCancel().withTimeout(1000);

  assert.equal(ctx.value(user), 'ann');
  assert.equal(ctx.withValue(user, 'bob').value(user), 'bob');
  assert.equal(ctx.value(other), 'other');
});

test('withoutCancel keeps values and drops cancellation and deadline', () => {
  const key = contextKey('k', '');
  const parent = background().withValue(key, 'v').withTimeout(1000);

  const free = parent.withoutCancel();
  parent.cancel();

  assert.deepEqual([free.err(), free.deadline, free.value(key)], [undefined, undefined, 'v']);
});

test('the signal aborts with the error of the context and is the same object every time', () => {
  const ctx = background().withCancel();
  const { signal } = ctx;

  ctx.cancel('why');

  assert.equal(ctx.signal, signal);
  assert.ok(signal.aborted);
  assert.equal(signal.reason, ctx.err());
  assert.ok(background().withTimeout(0).signal.aborted);
});

test('an AbortSignal ends a context with its reason as the cause, and disposal removes the listener', () => {
  const controller = new AbortController();
  const ctx = withSignal(background(), controller.signal);
  const other = withSignal(background(), controller.signal);
  assert.equal(getEventListeners(controller.signal, 'abort').length, 2);

  other[Symbol.dispose]();
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1);
  controller.abort('gone');

  assert.equal(ctx.err()?.code, 'canceled');
  assert.equal(ctx.cause(), 'gone');
  assert.equal(withSignal(background(), AbortSignal.abort('early')).cause(), 'early');
});

test('throwIfDone throws a fresh error with the same code and cause each time', () => {
  const ctx = background().withCancel();
  ctx.throwIfDone();
  ctx.cancel(new Error('why'));

  const thrown = [0, 1].map(() => {
    try {
      ctx.throwIfDone();
      return undefined;
    } catch (error) {
      return error;
    }
  });

  assert.notEqual(thrown[0], thrown[1]);
  assert.ok(errors.is(thrown[0], 'canceled'));
  assert.equal(((thrown[0] as Error).cause as Error).message, 'why');
  assert.ok(isContextError(thrown[0]) && !isContextError(new Error('x')));
});

test('a million children of one long-lived parent leave the heap flat', async () => {
  const parent = background().withCancel();
  const create = (count: number) => {
    for (let i = 0; i < count; i++) {
      using child = parent.withTimeout(60_000);
      child.onDone(() => {});
      parent.withTimeout(60_000).withValue(contextKey('k', 0), i);
    }
  };
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // The test runner tracks every timer and learns of its end a turn later.
  const settled = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  };
  create(1000);
  await settled();
  const before = process.memoryUsage().heapUsed;

  create(1_000_000);

  await settled();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 2_000_000, `the heap grew by ${grown} bytes`);
});

test('the current context follows awaits and is the root outside of runWith', async () => {
  const ctx = background().withCancel();

  const inside = await runWith(ctx, async () => {
    await Promise.resolve();
    return current();
  });

  assert.equal(inside, ctx);
  assert.equal(current(), background());
});

test('sleep ends after its time on the clock, or early with the error of the context', async () => {
  const { clock, advance, pending } = manualClock();
  const ctx = rootContext(clock).withCancel();

  const whole = sleep(ctx, 100);
  advance(100);
  await whole;
  const cut = sleep(ctx, 100);
  ctx.cancel();

  await assert.rejects(cut, (error) => errors.is(error, 'canceled'));
  assert.equal(pending.size, 0);
  await assert.rejects(sleep(ctx, 1), (error) => errors.is(error, 'canceled'));
});

test('until gives the outcome of the promise, or the error of the context when it ends first', async () => {
  const ctx = background().withCancel();
  const never = new Promise<never>(() => {});

  assert.equal(await until(ctx, Promise.resolve(7)), 7);
  await assert.rejects(until(ctx, Promise.reject(new TypeError('x'))), TypeError);
  const waiting = until(ctx, never);
  ctx.cancel();

  await assert.rejects(waiting, (error) => errors.is(error, 'canceled'));
});

test('the system clock fires after the full time, never before', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const started = background().clock.now();

  background().clock.after(20, () => resolve(background().clock.now() - started));

  assert.ok((await promise) >= 20);
  const timer = background().clock.after(1000, () => assert.fail('stopped timers do not fire'));
  assert.equal(timer.stop(), true);
  assert.equal(timer.stop(), false);
});

test('what a block ended says so, whether anybody waited or not', () => {
  const [quiet, watched] = [background().withCancel(), background().withCancel()];
  watched.onDone(() => {});

  for (const ctx of [quiet, watched]) {
    ctx[Symbol.dispose]();

    assert.equal(ctx.err()?.reason, 'CONTEXT_DISPOSED');
    assert.match(String(ctx.err()), /the block that it belongs to has ended/);
  }
  const canceled = background().withCancel();
  canceled.cancel();
  assert.equal(canceled.err()?.reason, 'CANCELED');
});
