import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import type { CancelContext } from '../context/context.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { type Permit, Semaphore } from './semaphore.ts';

failOnLeaks();

const ctx = background();

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => errors.as(error)?.code === code;
}

// Go: src/sync/mutex_test.go TestSemaphore
test('ten tasks that acquire the only unit a thousand times are never inside together', async () => {
  const semaphore = new Semaphore(1);
  let inside = 0;
  let most = 0;
  const hammer = async () => {
    for (let turn = 0; turn < 1000; turn++) {
      const permit = await semaphore.acquire(ctx);
      most = Math.max(most, ++inside);
      if (turn % 7 === 0) await null;
      inside--;
      permit.release();
    }
  };

  await Promise.all(Array.from({ length: 10 }, hammer));

  assert.deepEqual([most, semaphore.available], [1, 1]);
});

// Go: x/sync/semaphore/semaphore_test.go TestWeighted
test('tasks of all weights, 0 too, never hold more than the size together', async () => {
  const semaphore = new Semaphore(8);
  let held = 0;
  let most = 0;
  const hammer = async (n: number) => {
    for (let turn = 0; turn < 500; turn++) {
      using permit = await semaphore.acquire(ctx, n);
      held += permit.n;
      most = Math.max(most, held);
      if ((turn + n) % 3 === 0) await null;
      held -= permit.n;
    }
  };

  await Promise.all(Array.from({ length: 9 }, (_, n) => hammer(n)));

  assert.ok(most > 1 && most <= 8, `at most ${most}`);
  assert.equal(semaphore.available, 8);
});

// Go: x/sync/semaphore/semaphore_test.go TestWeightedPanic
test('a permit gives its units back once: release again throws, dispose again does nothing', async () => {
  const semaphore = new Semaphore(3);
  const permit = await semaphore.acquire(ctx, 2);
  permit.release();

  assert.throws(
    () => permit.release(),
    (error) => errors.as(error)?.code === 'failed_precondition' && errors.as(error)?.reason === 'PERMIT_RELEASED',
  );
  permit[Symbol.dispose]();

  assert.equal(semaphore.available, 3);
});

// Go: x/sync/semaphore/semaphore_test.go TestWeightedTryAcquire
test('tryAcquire takes what is free and never waits', async () => {
  const semaphore = new Semaphore(2);

  const first = await semaphore.acquire(ctx, 1);
  const second = semaphore.tryAcquire(1);
  const third = semaphore.tryAcquire(1);
  first.release();
  second?.release();
  const fourth = semaphore.tryAcquire(1);
  await semaphore.acquire(ctx, 1);
  const fifth = semaphore.tryAcquire(1);

  assert.deepEqual(
    [second, third, fourth, fifth].map((permit) => permit !== undefined),
    [true, false, true, false],
  );
});

// Go: x/sync/semaphore/semaphore_test.go TestWeightedAcquire
test('acquire gives what is free at once and waits otherwise, until its context ends', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const semaphore = new Semaphore(2);

  const first = await semaphore.acquire(root, 1);
  const second = semaphore.acquire(root.withTimeout(10), 1);
  const third = Promise.resolve(semaphore.acquire(root.withTimeout(10), 1));
  const rejected = assert.rejects(third, hasCode('deadline_exceeded'));
  assert.equal(second instanceof Promise, false);
  await clock.advance(10);
  await rejected;

  first.release();
  assert.equal(semaphore.acquire(root.withTimeout(10), 1) instanceof Promise, false);
  assert.deepEqual([semaphore.available, clock.pending], [0, 0]);
});

// Go: x/sync/semaphore/semaphore_test.go TestWeightedDoesntBlockIfTooBig
test('a request that is larger than the semaphore is refused at once and keeps nobody waiting', async () => {
  const semaphore = new Semaphore(2);

  assert.throws(() => semaphore.acquire(ctx, 3), RangeError);
  assert.throws(() => semaphore.tryAcquire(3), RangeError);
  const work = Array.from({ length: 6 }, async () => {
    using permit = await semaphore.acquire(ctx);
    await yieldNow();
    return permit.n;
  });

  assert.deepEqual(await Promise.all(work), [1, 1, 1, 1, 1, 1]);
});

// Go: x/sync/semaphore/semaphore_test.go TestWeightedAcquireCanceled
test('a wait that is canceled before there is room acquires nothing, and a canceled context never acquires', async () => {
  const semaphore = new Semaphore(2);
  const child = ctx.withCancel();
  const held = await semaphore.acquire(ctx, 1);
  const waiting = Promise.resolve(semaphore.acquire(child, 2));

  child.cancel();
  held.release();
  await assert.rejects(waiting, hasCode('canceled'));

  assert.throws(() => semaphore.acquire(child, 1), hasCode('canceled'));
  assert.equal(semaphore.tryAcquire(2)?.n, 2);
});

// Go: x/sync/semaphore/semaphore_test.go TestLargeAcquireDoesntStarve
test('a large request gets its turn among small ones that come again and again', async () => {
  const semaphore = new Semaphore(4);
  let isRunning = true;
  const acquireAgain = async () => {
    let permit = await semaphore.acquire(ctx, 1);
    while (isRunning) {
      await yieldNow();
      permit.release();
      permit = await semaphore.acquire(ctx, 1);
    }
    permit.release();
  };
  const small = Array.from({ length: 4 }, acquireAgain);

  const large = await semaphore.acquire(ctx, 4);
  isRunning = false;
  large.release();
  await Promise.all(small);

  assert.equal(semaphore.available, 4);
});

// Go: x/sync/semaphore/semaphore_test.go TestAllocCancelDoesntStarve
test('a large request that gives up lets the small ones behind it go on', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const semaphore = new Semaphore(10);
  await semaphore.acquire(root, 1);
  const large = assert.rejects(Promise.resolve(semaphore.acquire(root.withTimeout(300), 10)));
  const small = Array.from({ length: 2 }, () => semaphore.acquire(root, 1));
  await clock.advance(100);
  assert.equal(semaphore.available, 9);

  await clock.advance(200);
  await large;
  await Promise.all(small);

  assert.equal(semaphore.available, 7);
});

test('small requests wait behind a large one, although there would be room for them', async () => {
  const semaphore = new Semaphore(3);
  const held = await semaphore.acquire(ctx, 2);
  const order: number[] = [];
  const wait = (n: number) =>
    Promise.resolve(semaphore.acquire(ctx, n)).then((permit) => {
      order.push(n);
      permit.release();
    });

  const waiting = [wait(3), wait(1)];
  assert.equal(semaphore.tryAcquire(1), undefined);
  assert.equal(semaphore.tryAcquire(0), undefined);
  held.release();
  await Promise.all(waiting);

  assert.deepEqual(order, [3, 1]);
});

test('a permit that was handed over is held, even if the context ends before its taker goes on', async () => {
  const semaphore = new Semaphore(1);
  const child = ctx.withCancel();
  const held = await semaphore.acquire(ctx);
  const waiting = semaphore.acquire(child);

  held.release();
  child.cancel();
  const permit = await waiting;

  assert.equal(semaphore.available, 0);
  permit.release();
  assert.equal(semaphore.available, 1);
});

test('sizes and weights that are none are refused', () => {
  const semaphore = new Semaphore(2);

  for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => new Semaphore(size), RangeError);
  for (const n of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => semaphore.acquire(ctx, n), RangeError);
    assert.throws(() => semaphore.tryAcquire(n), RangeError);
  }
  assert.equal(semaphore.available, 2);
});

/** The rules, naively: a list of requests in the order they came, and a look at it from the front after each step. */
class Oracle {
  available: number;
  readonly waiting: { readonly id: number; readonly n: number }[] = [];
  readonly granted = new Map<number, number>();

  constructor(size: number) {
    this.available = size;
  }

  admit(): void {
    for (let next = this.waiting[0]; next !== undefined && next.n <= this.available; next = this.waiting[0]) {
      this.waiting.shift();
      this.available -= next.n;
      this.granted.set(next.id, next.n);
    }
  }

  acquire(id: number, n: number): void {
    this.waiting.push({ id, n });
    this.admit();
  }

  release(id: number): void {
    this.available += this.granted.get(id)!;
    this.granted.delete(id);
    this.admit();
  }

  giveUp(id: number): void {
    const index = this.waiting.findIndex((request) => request.id === id);
    if (index >= 0) this.waiting.splice(index, 1);
    this.admit();
  }
}

test('any sequence of requests, releases and cancellations grants what the plain rules grant', async () => {
  const step = fc.record({ kind: fc.constantFrom('acquire', 'acquire', 'release', 'cancel'), pick: fc.nat(1000) });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    const semaphore = new Semaphore(5);
    const oracle = new Oracle(5);
    const contexts: CancelContext[] = [];
    const permits = new Map<number, Permit>();

    for (const { kind, pick } of steps) {
      const held = [...permits.keys()];
      if (kind === 'acquire') {
        const id = contexts.length;
        const child = ctx.withCancel();
        contexts.push(child);
        oracle.acquire(id, pick % 6);
        Promise.resolve(semaphore.acquire(child, pick % 6)).then(
          (permit) => permits.set(id, permit),
          () => {},
        );
      } else if (kind === 'release' && held.length > 0) {
        const id = held[pick % held.length]!;
        oracle.release(id);
        permits.get(id)?.release();
        permits.delete(id);
      } else if (kind === 'cancel' && contexts.length > 0) {
        const id = pick % contexts.length;
        oracle.giveUp(id);
        contexts[id]?.cancel();
      }
      await yieldNow();
      assert.equal(semaphore.available, oracle.available);
      assert.deepEqual([...permits.keys()].sort(), [...oracle.granted.keys()].sort());
    }
    for (const child of contexts) child.cancel();
  });

  await fc.assert(property, { numRuns: 100 });
});

test('a cancel that ends several waits serves none of them', async () => {
  const semaphore = new Semaphore(5);
  const held = semaphore.tryAcquire(3)!;
  const ctx = background().withCancel();
  const waits = [5, 1, 2].map(async (n) => semaphore.acquire(n === 2 ? background() : ctx.withCancel(), n));

  ctx.cancel();

  const outcomes = await Promise.allSettled(waits);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  );
  assert.equal(semaphore.available, 0);
  held.release();
});
