import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { Cond } from './cond.ts';
import { Mutex } from './mutex.ts';
import { RWMutex } from './rw-mutex.ts';

failOnLeaks();

const ctx = background();

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => errors.as(error)?.code === code;
}

/** Starts a task that locks, waits for one signal and then notes its name. */
function sleeper(cond: Cond, awake: unknown[], name: unknown, own = ctx): Promise<void> {
  const run = async () => {
    using lock = await cond.locker.lock(own);
    await cond.wait(own, lock);
    awake.push(name);
  };
  return run();
}

// Go: src/sync/cond_test.go TestCondSignal
test('each signal wakes one', async () => {
  const cond = new Cond(new Mutex());
  const awake: unknown[] = [];
  const tasks = [0, 1, 2].map((n) => sleeper(cond, awake, n));
  await yieldNow();
  assert.deepEqual(awake, []);

  for (let n = 1; n <= 3; n++) {
    const lock = await cond.locker.lock(ctx);
    cond.signal();
    assert.equal(awake.length, n - 1);
    lock.unlock();
    await yieldNow();
    assert.equal(awake.length, n);
  }
  await Promise.all(tasks);
  cond.signal();

  assert.deepEqual(awake, [0, 1, 2]);
});

// Go: src/sync/cond_test.go TestCondSignalGenerations
test('a signal goes to the one that waits longest, not to one that came after it', async () => {
  const cond = new Cond(new Mutex());
  const awake: unknown[] = [];
  const tasks: Promise<void>[] = [];

  for (let n = 0; n < 100; n++) {
    tasks.push(sleeper(cond, awake, n));
    await yieldNow();
    assert.equal(awake.length, n);
    using _lock = await cond.locker.lock(ctx);
    cond.signal();
  }
  await Promise.all(tasks);

  assert.deepEqual(
    awake,
    Array.from({ length: 100 }, (_, n) => n),
  );
});

// Go: src/sync/cond_test.go TestCondBroadcast
test('a broadcast wakes all that wait, each once, in every round', async () => {
  const cond = new Cond(new Mutex());
  let exit = false;
  let awake: number[] = [];
  const task = async (n: number) => {
    using lock = await cond.locker.lock(ctx);
    while (!exit) {
      await cond.wait(ctx, lock);
      awake.push(n);
    }
  };
  const tasks = Array.from({ length: 200 }, (_, n) => task(n));
  const everyone = Array.from({ length: 200 }, (_, n) => n);

  for (let round = 0; round < 20; round++) {
    await yieldNow();
    const lock = await cond.locker.lock(ctx);
    awake = [];
    exit = round === 19;
    cond.broadcast();
    assert.deepEqual(awake, []);
    lock.unlock();
    for (let turn = 0; turn < 5; turn++) await yieldNow();
    assert.deepEqual(awake, everyone);
  }
  await Promise.all(tasks);
  cond.broadcast();

  assert.deepEqual(awake, everyone);
});

// Go: src/sync/cond_test.go TestRace
test('what one changes under the lock before it signals is seen by the one it wakes', async () => {
  const cond = new Cond(new Mutex());
  const seen: string[] = [];
  let x = 0;
  const first = async () => {
    using lock = await cond.locker.lock(ctx);
    x = 1;
    await cond.wait(ctx, lock);
    seen.push(`first woke at ${x}`);
    x = 3;
    cond.signal();
  };
  const second = async () => {
    for (let isDone = false; !isDone; await yieldNow()) {
      using _lock = await cond.locker.lock(ctx);
      if (x !== 1) continue;
      x = 2;
      cond.signal();
      isDone = true;
    }
  };
  const third = async () => {
    for (let isDone = false; !isDone; await yieldNow()) {
      using lock = await cond.locker.lock(ctx);
      if (x === 2) await cond.wait(ctx, lock);
      isDone = x === 3;
    }
    seen.push(`third ended at ${x}`);
  };

  await Promise.all([first(), second(), third()]);

  assert.deepEqual(seen, ['first woke at 2', 'third ended at 3']);
});

// Go: src/sync/cond_test.go TestCondSignalStealing
test('one that comes to wait during a broadcast does not take the wake-up of one that waited before', async () => {
  for (let round = 0; round < 200; round++) {
    const cond = new Cond(new Mutex());
    const awake: unknown[] = [];
    let isDone = false;
    const before = sleeper(cond, awake, 'before');
    await null;
    const late = async () => {
      using lock = await cond.locker.lock(ctx);
      await cond.waitUntil(ctx, lock, () => isDone);
    };

    const broadcasting = (async () => {
      if (round % 2 === 0) await null;
      cond.broadcast();
    })();
    const after = late();
    await Promise.all([before, broadcasting]);
    assert.deepEqual(awake, ['before']);

    const lock = await cond.locker.lock(ctx);
    isDone = true;
    lock.unlock();
    cond.broadcast();
    await after;
  }
});

test('a signal that nobody waits for is not kept', async () => {
  const cond = new Cond(new Mutex());
  const awake: unknown[] = [];
  cond.signal();
  cond.broadcast();

  const task = sleeper(cond, awake, 'late');
  await yieldNow();
  assert.deepEqual(awake, []);
  cond.signal();
  await task;

  assert.deepEqual(awake, ['late']);
});

test('wait gives the lock back while it waits, and has the same one again when it returns', async () => {
  const mutex = new Mutex();
  const cond = new Cond(mutex);
  const lock = await mutex.lock(ctx);

  const waiting = cond.wait(ctx, lock);
  const other = mutex.tryLock();
  cond.signal();
  await yieldNow();
  assert.notEqual(other, undefined);
  other?.unlock();
  await waiting;

  assert.equal(mutex.isLocked, true);
  lock.unlock();
  assert.equal(mutex.isLocked, false);
});

test('wait whose context ends throws only when it holds the lock again', async () => {
  const clock = virtualClock();
  const mutex = new Mutex();
  const cond = new Cond(mutex);
  using limited = rootContext(clock).withTimeout(10);
  const lock = await mutex.lock(limited);
  let ended: unknown;
  const waiting = cond.wait(limited, lock).catch((error: unknown) => {
    ended = error;
  });
  const other = await mutex.lock(ctx);

  await clock.advance(20);
  assert.equal(ended, undefined);
  other.unlock();
  await waiting;

  assert.equal(hasCode('deadline_exceeded')(ended), true);
  assert.equal(mutex.isLocked, true);
  lock.unlock();
  assert.equal(mutex.isLocked, false);
});

test('wait with a context that has ended throws at once and keeps the lock', async () => {
  const mutex = new Mutex();
  const cond = new Cond(mutex);
  const child = ctx.withCancel();
  const lock = await mutex.lock(ctx);
  let isTaken = false;
  const next = Promise.resolve(mutex.lock(ctx)).then(() => {
    isTaken = true;
  });
  child.cancel();

  await assert.rejects(cond.wait(child, lock), hasCode('canceled'));

  assert.equal(isTaken, false);
  lock.unlock();
  await next;
});

test('wait with a lock that is not held throws and takes no signal', async () => {
  const cond = new Cond(new Mutex());
  const awake: unknown[] = [];
  const lock = await cond.locker.lock(ctx);
  lock.unlock();

  await assert.rejects(cond.wait(ctx, lock), (error) => errors.as(error)?.reason === 'LOCK_RELEASED');
  const task = sleeper(cond, awake, 'other');
  await yieldNow();
  cond.signal();
  await task;

  assert.deepEqual(awake, ['other']);
});

test('a signal given before a context ends is used by its taker, and one given after goes to the next', async () => {
  for (const isSignalFirst of [true, false]) {
    const cond = new Cond(new Mutex());
    const awake: unknown[] = [];
    const child = ctx.withCancel();
    const first = sleeper(cond, awake, 'first', child).catch(() => awake.push('gave up'));
    const second = sleeper(cond, awake, 'second');
    await yieldNow();

    if (isSignalFirst) cond.signal();
    child.cancel();
    if (!isSignalFirst) cond.signal();
    await yieldNow();

    assert.deepEqual(awake, isSignalFirst ? ['first'] : ['gave up', 'second']);
    cond.broadcast();
    await Promise.all([first, second]);
    assert.equal(awake.length, 2);
  }
});

test('waitUntil returns when its predicate holds, which is asked only under the lock', async () => {
  const mutex = new Mutex();
  const cond = new Cond(mutex);
  const taken: number[] = [];
  const jobs: number[] = [];
  const take = async () => {
    for (let n = 0; n < 50; n++) {
      using lock = await mutex.lock(ctx);
      await cond.waitUntil(ctx, lock, () => {
        assert.equal(mutex.isLocked, true);
        return jobs.length > 0;
      });
      taken.push(jobs.shift()!);
    }
  };

  const takers = [take(), take()];
  for (let n = 0; n < 100; n++) {
    using _lock = await mutex.lock(ctx);
    jobs.push(n);
    cond.signal();
  }
  await Promise.all(takers);

  assert.deepEqual(
    taken,
    Array.from({ length: 100 }, (_, n) => n),
  );
});

test('it works with the read side of a read-write mutex', async () => {
  const mutex = new RWMutex();
  const cond = new Cond(mutex.reader);
  let isReady = false;
  const waiters = [1, 2].map(async () => {
    using lock = await cond.locker.lock(ctx);
    await cond.waitUntil(ctx, lock, () => isReady);
  });
  await yieldNow();

  const writer = await mutex.lock(ctx);
  isReady = true;
  cond.broadcast();
  writer.unlock();
  await Promise.all(waiters);

  assert.notEqual(mutex.tryLock(), undefined);
});
