import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import type { CancelContext } from '../context/context.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { lockerContract } from './locker.contract.ts';
import type { Lock } from './locker.ts';
import { RWMutex } from './rw-mutex.ts';

failOnLeaks();

const ctx = background();

lockerContract('the write side of a read-write mutex', () => new RWMutex());

// Go: src/sync/rwmutex_test.go TestParallelReaders; src/runtime/rwmutex_test.go TestParallelRWMutexReaders
test('readers hold it together', async () => {
  for (const readers of [1, 3, 4]) {
    const mutex = new RWMutex();

    const locks = await Promise.all(Array.from({ length: readers }, () => mutex.rLock(ctx)));

    assert.equal(locks.length, readers);
    assert.equal(mutex.tryLock(), undefined);
    for (const lock of locks) lock.unlock();
    assert.notEqual(mutex.tryLock(), undefined);
  }
});

// Go: src/sync/rwmutex_test.go TestRWMutex
test('a writer keeps both sides out, readers only writers', async () => {
  const mutex = new RWMutex();

  const writer = await mutex.lock(ctx);
  assert.deepEqual([mutex.tryLock(), mutex.tryRLock()], [undefined, undefined]);
  writer.unlock();
  mutex.tryLock()?.unlock();
  const first = mutex.tryRLock();
  const second = mutex.tryRLock();
  assert.equal(mutex.tryLock(), undefined);
  first?.unlock();
  assert.equal(mutex.tryLock(), undefined);
  second?.unlock();

  assert.notEqual(mutex.tryLock(), undefined);
});

// Go: src/sync/rwmutex_test.go TestRWMutex (HammerRWMutex); src/runtime/rwmutex_test.go TestRWMutex
test('two writers and many readers, 1000 times each, never meet a writer inside', async () => {
  for (const readers of [1, 3, 5, 10]) {
    const mutex = new RWMutex();
    let activity = 0;
    let violations = 0;
    const visit = async (lock: Lock, weight: number, turn: number) => {
      activity += weight;
      if (turn % 5 === 0) await null;
      if (weight === 1 ? activity < 1 || activity >= 10_000 : activity !== 10_000) violations++;
      activity -= weight;
      lock.unlock();
    };
    const read = async () => {
      for (let turn = 0; turn < 1000; turn++) await visit(await mutex.rLock(ctx), 1, turn);
    };
    const write = async () => {
      for (let turn = 0; turn < 1000; turn++) await visit(await mutex.lock(ctx), 10_000, turn);
    };

    await Promise.all([write(), ...Array.from({ length: readers }, read), write()]);

    assert.deepEqual([violations, activity], [0, 0]);
    assert.notEqual(mutex.tryLock(), undefined);
  }
});

// Go: src/sync/rwmutex_test.go TestRLocker
test('the reader side read-locks what the writer side locks', async () => {
  const mutex = new RWMutex();
  const { reader } = mutex;

  for (let round = 0; round < 10; round++) {
    const first = await reader.lock(ctx);
    const second = await reader.lock(ctx);
    let isWriting = false;
    const writing = Promise.resolve(mutex.lock(ctx)).then((lock) => {
      isWriting = true;
      return lock;
    });
    first.unlock();
    await yieldNow();
    assert.equal(isWriting, false);
    second.unlock();
    const writer = await writing;
    assert.equal(reader.tryLock(), undefined);
    writer.unlock();
  }

  assert.notEqual(reader.tryLock(), undefined);
});

// Go: src/sync/mutex_test.go TestMutexMisuse (RWMutex.RUnlock, RWMutex.RUnlock3)
test('unlock of a read lock that is not held throws and frees no other reader', async () => {
  const mutex = new RWMutex();
  const lock = await mutex.rLock(ctx);
  const other = await mutex.rLock(ctx);
  lock.unlock();

  assert.throws(
    () => lock.unlock(),
    (error) => errors.as(error)?.reason === 'LOCK_RELEASED',
  );
  lock[Symbol.dispose]();

  assert.equal(mutex.tryLock(), undefined);
  other.unlock();
  assert.notEqual(mutex.tryLock(), undefined);
});

test('a writer that waits stops new readers, and they go on after it', async () => {
  const mutex = new RWMutex();
  const reading = await mutex.rLock(ctx);
  const order: string[] = [];
  const writer = Promise.resolve(mutex.lock(ctx)).then((lock) => {
    order.push('writer');
    lock.unlock();
  });
  assert.equal(mutex.tryRLock(), undefined);
  const reader = Promise.resolve(mutex.rLock(ctx)).then(() => order.push('reader'));

  await yieldNow();
  assert.deepEqual(order, []);
  reading.unlock();
  await Promise.all([writer, reader]);

  assert.deepEqual(order, ['writer', 'reader']);
});

test('after a writer the readers that wait go together, before the next writer', async () => {
  const mutex = new RWMutex();
  const writing = await mutex.lock(ctx);
  const readers = [mutex.rLock(ctx)];
  let isWriting = false;
  const next = Promise.resolve(mutex.lock(ctx)).then((lock) => {
    isWriting = true;
    return lock;
  });
  readers.push(mutex.rLock(ctx), mutex.rLock(ctx));

  writing.unlock();
  const [first, second, third] = await Promise.all(readers);
  await yieldNow();
  assert.equal(isWriting, false);
  first?.unlock();
  second?.unlock();
  await yieldNow();
  assert.equal(isWriting, false);
  third?.unlock();

  (await next).unlock();
  assert.notEqual(mutex.tryLock(), undefined);
});

suite('nobody starves', () => {
  test('readers that follow one another without a gap let a writer in', async () => {
    const mutex = new RWMutex();
    let isDone = false;
    const readOn = async () => {
      while (!isDone) {
        const lock = await mutex.rLock(ctx);
        await yieldNow();
        lock.unlock();
      }
    };
    const readers = [readOn(), readOn(), readOn()];
    await yieldNow();

    for (let n = 0; n < 10; n++) (await mutex.lock(ctx)).unlock();
    isDone = true;
    await Promise.all(readers);

    assert.notEqual(mutex.tryLock(), undefined);
  });

  test('writers that follow one another without a gap let a reader in after at most one of them', async () => {
    const mutex = new RWMutex();
    let isDone = false;
    let writes = 0;
    const writeOn = async () => {
      while (!isDone) {
        const lock = await mutex.lock(ctx);
        writes++;
        await yieldNow();
        lock.unlock();
      }
    };
    const writers = [writeOn(), writeOn(), writeOn()];
    await yieldNow();

    for (let n = 0; n < 10; n++) {
      const before = writes;
      const lock = await mutex.rLock(ctx);
      assert.ok(writes - before <= 1, `${writes - before} writers went before the reader`);
      lock.unlock();
    }
    isDone = true;
    await Promise.all(writers);

    assert.notEqual(mutex.tryLock(), undefined);
  });
});

suite('a waiter whose context ends', () => {
  test('a writer that gives up lets the readers it stopped go on beside those who read', async () => {
    const mutex = new RWMutex();
    const child = ctx.withCancel();
    const reading = await mutex.rLock(ctx);
    const writer = Promise.resolve(mutex.lock(child));
    const stopped = [mutex.rLock(ctx), mutex.rLock(ctx)];

    child.cancel();
    await assert.rejects(writer);
    const readers = await Promise.all(stopped);

    assert.equal(mutex.tryLock(), undefined);
    for (const lock of [reading, ...readers]) lock.unlock();
    assert.notEqual(mutex.tryLock(), undefined);
  });

  test('a writer that gives up before another writer, or behind one that writes, lets nobody in', async () => {
    const mutex = new RWMutex();
    const child = ctx.withCancel();
    const writing = await mutex.lock(ctx);
    const gone = assert.rejects(Promise.resolve(mutex.lock(child)));
    let isReading = false;
    const reader = Promise.resolve(mutex.rLock(ctx)).then((lock) => {
      isReading = true;
      return lock;
    });

    child.cancel();
    await gone;
    await yieldNow();
    assert.equal(isReading, false);
    writing.unlock();
    const reading = await reader;

    const second = ctx.withCancel();
    const goneToo = assert.rejects(Promise.resolve(mutex.lock(second)));
    const last = mutex.lock(ctx);
    second.cancel();
    await goneToo;
    assert.equal(mutex.tryRLock(), undefined);
    reading.unlock();
    (await last).unlock();
    assert.notEqual(mutex.tryLock(), undefined);
  });

  test('a reader that gives up is not let in later, and one that was let in has its lock', async () => {
    const mutex = new RWMutex();
    const early = ctx.withCancel();
    const late = ctx.withCancel();
    const writing = await mutex.lock(ctx);
    const gone = assert.rejects(Promise.resolve(mutex.rLock(early)));
    const reader = mutex.rLock(late);

    early.cancel();
    writing.unlock();
    late.cancel();
    await gone;
    const lock = await reader;

    assert.equal(mutex.tryLock(), undefined);
    lock.unlock();
    assert.notEqual(mutex.tryLock(), undefined);
  });
});

test('a read lock that is locked again waits for the writer in between', async () => {
  const mutex = new RWMutex();
  const lock = await mutex.rLock(ctx);
  lock.unlock();
  const writer = await mutex.lock(ctx);

  let isBack = false;
  const relocking = Promise.resolve(lock.relock(ctx)).then(() => {
    isBack = true;
  });
  await yieldNow();
  assert.equal(isBack, false);
  writer.unlock();
  await relocking;

  assert.deepEqual([mutex.tryLock(), mutex.tryRLock() === undefined], [undefined, false]);
});

/** One that wants the lock, in a random run. */
interface Party {
  readonly isWriter: boolean;
  readonly ctx: CancelContext;
  lock: Lock | undefined;
  state: 'waits' | 'holds' | 'is gone';
}

function arrive(mutex: RWMutex, isWriter: boolean): Party {
  const party: Party = { isWriter, ctx: ctx.withCancel(), lock: undefined, state: 'waits' };
  Promise.resolve(isWriter ? mutex.lock(party.ctx) : mutex.rLock(party.ctx)).then(
    (lock) => {
      party.lock = lock;
      party.state = 'holds';
    },
    () => {
      party.state = 'is gone';
    },
  );
  return party;
}

function release(party: Party): void {
  party.lock?.unlock();
  party.state = 'is gone';
}

/** Whoever holds it may, and whoever waits has to. */
function assertRules(parties: readonly Party[]): void {
  const count = (state: Party['state'], isWriter: boolean) =>
    parties.filter((party) => party.state === state && party.isWriter === isWriter).length;
  const [readers, writers] = [count('holds', false), count('holds', true)];
  const [waitingReaders, waitingWriters] = [count('waits', false), count('waits', true)];

  assert.ok(writers === 0 || (writers === 1 && readers === 0), `${writers} writers and ${readers} readers hold it`);
  if (waitingWriters > 0) assert.ok(readers + writers > 0, 'a writer waits for nobody');
  if (waitingReaders > 0) assert.ok(writers + waitingWriters > 0, 'a reader waits for no writer');
}

test('in any sequence of requests, releases and cancellations nobody waits without a reason', async () => {
  const step = fc.record({ kind: fc.constantFrom('read', 'write', 'release', 'cancel'), pick: fc.nat(1000) });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    const mutex = new RWMutex();
    const parties: Party[] = [];

    for (const { kind, pick } of steps) {
      const holders = parties.filter(({ state }) => state === 'holds');
      if (kind === 'read' || kind === 'write') parties.push(arrive(mutex, kind === 'write'));
      else if (kind === 'release' && holders.length > 0) release(holders[pick % holders.length]!);
      else if (kind === 'cancel' && parties.length > 0) parties[pick % parties.length]?.ctx.cancel();
      await yieldNow();
      assertRules(parties);
    }
    for (let party: Party | undefined; ; release(party)) {
      await yieldNow();
      party = parties.find(({ state }) => state === 'holds');
      if (party === undefined) break;
    }

    assert.equal(
      parties.every(({ state }) => state === 'is gone'),
      true,
    );
    assert.notEqual(mutex.tryLock(), undefined);
  });

  await fc.assert(property, { numRuns: 100 });
});

test('a cancel that ends the waits of a writer and of readers behind it serves none of them', async () => {
  const mutex = new RWMutex();
  const held = mutex.tryRLock()!;
  const ctx = background().withCancel();
  const waits = [
    async () => mutex.lock(ctx),
    async () => mutex.rLock(ctx.withCancel()),
    async () => mutex.rLock(background()),
  ].map((wait) => wait());

  ctx.cancel();

  const outcomes = await Promise.allSettled(waits);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  );
  held.unlock();
  assert.equal(mutex.tryLock(), undefined, 'the reader of the other context holds it');
});
