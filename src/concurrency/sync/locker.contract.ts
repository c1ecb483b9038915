import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import type { Lock, Locker } from './locker.ts';

const ctx = background();

function hasReason(reason: string): (error: unknown) => boolean {
  return (error) => errors.as(error)?.code === 'failed_precondition' && errors.as(error)?.reason === reason;
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => errors.as(error)?.code === code;
}

/** What every Locker does whose locks exclude each other. */
export function lockerContract(name: string, make: () => Locker): void {
  suite(name, () => {
    test('a lock that is free is there at once, without a promise', () => {
      const locker = make();

      const lock = locker.lock(ctx);

      assert.equal(lock instanceof Promise, false);
      assert.equal(locker.tryLock(), undefined);
    });

    // Go: src/sync/mutex_test.go TestMutex
    test('tryLock gives a lock that is free and none that is held', () => {
      const locker = make();

      const first = locker.tryLock();
      const second = locker.tryLock();
      first?.unlock();
      const third = locker.tryLock();

      assert.deepEqual([first !== undefined, second, third !== undefined], [true, undefined, true]);
    });

    // Go: src/sync/mutex_test.go TestMutex
    test('ten tasks that lock a thousand times, and now and then only try, are never inside together', async () => {
      const locker = make();
      let inside = 0;
      let most = 0;
      let locked = 0;
      const enter = async (lock: Lock | undefined, turn: number) => {
        if (lock === undefined) return;
        most = Math.max(most, ++inside);
        if (turn % 7 === 0) await null;
        inside--;
        locked++;
        lock.unlock();
      };

      const hammer = async () => {
        for (let turn = 0; turn < 1000; turn++)
          await enter(turn % 3 === 0 ? locker.tryLock() : await locker.lock(ctx), turn);
      };
      await Promise.all(Array.from({ length: 10 }, hammer));

      assert.equal(most, 1);
      assert.ok(locked >= 6660, `${locked} of at least 6660`);
      assert.notEqual(locker.tryLock(), undefined);
    });

    test('those who wait get the lock in the order in which they came', async () => {
      const locker = make();
      const held = await locker.lock(ctx);
      const order: number[] = [];
      const waiters = Array.from({ length: 50 }, async (_, n) => {
        using _lock = await locker.lock(ctx);
        order.push(n);
      });

      held.unlock();
      await Promise.all(waiters);

      assert.deepEqual(
        order,
        Array.from({ length: 50 }, (_, n) => n),
      );
    });

    // Go: src/runtime/sema_test.go TestSemaHandoff, TestSemaHandoff1, TestSemaHandoff2
    test('one that unlocks cannot lock again before the first in line', async () => {
      const locker = make();
      const held = await locker.lock(ctx);
      const order: string[] = [];
      const first = Promise.resolve(locker.lock(ctx)).then((lock) => {
        order.push('first in line');
        lock.unlock();
      });

      held.unlock();
      const stolen = locker.tryLock();
      const again = Promise.resolve(locker.lock(ctx)).then(() => order.push('the one before'));
      await Promise.all([first, again]);

      assert.equal(stolen, undefined);
      assert.deepEqual(order, ['first in line', 'the one before']);
    });

    // Go: src/sync/mutex_test.go TestMutexFairness
    test('a task that locks again and again does not keep another one out', async () => {
      const locker = make();
      let isDone = false;
      let rounds = 0;
      const hog = async () => {
        while (!isDone) {
          using _lock = await locker.lock(ctx);
          rounds++;
          await yieldNow();
        }
      };

      const hogging = hog();
      for (let n = 0; n < 10; n++) (await locker.lock(ctx)).unlock();
      isDone = true;
      await hogging;

      assert.ok(rounds <= 11, `${rounds} rounds of the other for 10 locks`);
    });

    // Go: src/sync/mutex_test.go TestMutexMisuse (Mutex.Unlock, Mutex.Unlock2, RWMutex.Unlock, RWMutex.Unlock3)
    test('unlock of what is not held throws and changes nothing, and disposing it does nothing', async () => {
      const locker = make();
      const lock = await locker.lock(ctx);
      lock.unlock();
      const next = await locker.lock(ctx);

      assert.throws(() => lock.unlock(), hasReason('LOCK_RELEASED'));
      lock[Symbol.dispose]();
      assert.equal(locker.tryLock(), undefined);
      next[Symbol.dispose]();
      next[Symbol.dispose]();

      assert.throws(() => next.unlock(), hasReason('LOCK_RELEASED'));
      assert.notEqual(locker.tryLock(), undefined);
    });

    test('a context that has ended is refused, whether the lock is free or held', async () => {
      const locker = make();
      const canceled = ctx.withCancel();
      canceled.cancel();

      assert.throws(() => locker.lock(canceled), hasCode('canceled'));
      const lock = await locker.lock(ctx);
      assert.throws(() => locker.lock(canceled), hasCode('canceled'));
      lock.unlock();

      assert.notEqual(locker.tryLock(), undefined);
    });

    test('a waiter whose context ends leaves the line, and those behind it keep their places', async () => {
      const locker = make();
      const held = await locker.lock(ctx);
      const child = ctx.withCancel();
      const order: string[] = [];
      const wait = (who: string, own = ctx) =>
        Promise.resolve(locker.lock(own)).then((lock) => {
          order.push(who);
          lock.unlock();
        });
      const before = wait('before');
      const gone = wait('gone', child);
      const after = wait('after');

      child.cancel();
      await assert.rejects(gone, hasCode('canceled'));
      held.unlock();
      await Promise.all([before, after]);

      assert.deepEqual(order, ['before', 'after']);
      assert.notEqual(locker.tryLock(), undefined);
    });

    test('a waiter that was handed the lock has it, even if its context ends before it goes on', async () => {
      const locker = make();
      const held = await locker.lock(ctx);
      const child = ctx.withCancel();
      const waiting = locker.lock(child);

      held.unlock();
      child.cancel();
      const lock = await waiting;

      assert.equal(locker.tryLock(), undefined);
      lock.unlock();
      assert.notEqual(locker.tryLock(), undefined);
    });

    test('a waiter whose context ends before the hand-over does not take the lock along', async () => {
      const locker = make();
      const held = await locker.lock(ctx);
      const child = ctx.withCancel();
      const waiting = Promise.resolve(locker.lock(child));

      child.cancel();
      held.unlock();

      assert.notEqual(locker.tryLock(), undefined);
      await assert.rejects(waiting, hasCode('canceled'));
    });

    test('a wait ends at the deadline and leaves no timer', async () => {
      const clock = virtualClock();
      const locker = make();
      const held = await locker.lock(ctx);
      using limited = rootContext(clock).withTimeout(50);
      const waiting = assert.rejects(Promise.resolve(locker.lock(limited)), hasCode('deadline_exceeded'));

      await clock.advance(50);
      await waiting;
      held.unlock();

      assert.equal(clock.pending, 0);
      assert.notEqual(locker.tryLock(), undefined);
    });

    test('a loop over a free lock meets its deadline', async () => {
      const clock = virtualClock();
      const locker = make();
      using limited = rootContext(clock).withTimeout(50);
      await clock.advance(50);

      const loop = async () => {
        for (let n = 0; n < 100; n++) (await locker.lock(limited)).unlock();
      };

      await assert.rejects(loop, hasCode('deadline_exceeded'));
    });

    relockTests(make);
  });
}

function relockTests(make: () => Locker): void {
  test('relock locks again through the same object, behind those who wait', async () => {
    const locker = make();
    const lock = await locker.lock(ctx);
    const order: string[] = [];
    const other = Promise.resolve(locker.lock(ctx)).then((theirs) => {
      order.push('the other');
      theirs.unlock();
    });

    lock.unlock();
    const again = await lock.relock(ctx);
    order.push('again');
    await other;

    assert.equal(again, lock);
    assert.deepEqual(order, ['the other', 'again']);
    assert.equal(locker.tryLock(), undefined);
    lock.unlock();
    assert.notEqual(locker.tryLock(), undefined);
  });

  test('those who came during a relock, or after it, get the lock in their turn', async () => {
    const locker = make();
    const lock = await locker.lock(ctx);
    lock.unlock();

    await lock.relock(ctx);
    const next = locker.lock(ctx);
    lock.unlock();
    const theirs = await next;
    const relocking = lock.relock(ctx);
    const last = locker.lock(ctx);
    theirs.unlock();
    (await relocking).unlock();
    (await last).unlock();

    assert.notEqual(locker.tryLock(), undefined);
  });

  test('relock of a lock that is held throws', async () => {
    const lock = await make().lock(ctx);

    assert.throws(() => lock.relock(ctx), hasReason('LOCK_HELD'));
  });

  test('a relock whose context ends leaves the lock unlocked, and disposing it takes nothing from its holder', async () => {
    const locker = make();
    const lock = await locker.lock(ctx);
    lock.unlock();
    const theirs = await locker.lock(ctx);
    const child = ctx.withCancel();
    const relocking = assert.rejects(Promise.resolve(lock.relock(child)), hasCode('canceled'));

    child.cancel();
    await relocking;
    lock[Symbol.dispose]();

    assert.throws(() => lock.unlock(), hasReason('LOCK_RELEASED'));
    assert.equal(locker.tryLock(), undefined);
    theirs.unlock();
    assert.equal(await lock.relock(ctx), lock);
  });
}
