import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Context } from '../context/context.ts';
import { background } from '../context/context-tree.ts';
import { setTracker } from '../parking/tracking.ts';
import { Barrier } from './barrier.ts';
import { Cond } from './cond.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { Latch } from './latch.ts';
import { Mutex } from './mutex.ts';
import type { NameOptions } from './name.ts';
import { Once } from './once.ts';
import { RWMutex } from './rw-mutex.ts';
import { Semaphore } from './semaphore.ts';
import { WaitGroup } from './wait-group.ts';

/** For each tool how a wait on it comes about, and what debug mode says of that wait. */
const waits: readonly [(ctx: Context, options: NameOptions) => unknown, string, string][] = [
  [
    (ctx, options) => {
      const mutex = new Mutex(options);
      mutex.tryLock();
      return mutex.lock(ctx);
    },
    'lock on mutex',
    '',
  ],
  [
    (ctx, options) => {
      const mutex = new RWMutex(options);
      mutex.tryRLock();
      return mutex.lock(ctx);
    },
    'lock on rwmutex',
    ' (held by 1 readers)',
  ],
  [
    (ctx, options) => {
      const mutex = new RWMutex(options);
      mutex.tryLock();
      return mutex.rLock(ctx);
    },
    'rLock on rwmutex',
    ' (held by a writer)',
  ],
  [
    (ctx, options) => {
      const keyed = new KeyedMutex<number>(options);
      keyed.tryLock(7);
      return keyed.lock(ctx, 7);
    },
    'lock on "7" of keyed mutex',
    '',
  ],
  [
    (ctx, options) => {
      const [keyed, key] = [new KeyedMutex<object>(options), Object.create(null)];
      keyed.tryLock(key);
      return keyed.lock(ctx, key);
    },
    'lock on a key of type object of keyed mutex',
    '',
  ],
  [
    (ctx, options) => {
      const semaphore = new Semaphore(3, options);
      semaphore.tryAcquire(2);
      return semaphore.acquire(ctx, 3);
    },
    'acquire on semaphore',
    ' (1 of 3 free)',
  ],
  [
    (ctx, options) => {
      const group = new WaitGroup(options);
      group.add(2);
      return group.wait(ctx);
    },
    'wait on wait group',
    ' (2 to go)',
  ],
  [
    (ctx, options) => {
      const once = new Once(options);
      void once.do(ctx, () => new Promise(() => {}));
      return once.do(ctx, () => {});
    },
    'do on once',
    '',
  ],
  [
    (ctx, options) => {
      const mutex = new Mutex();
      return new Cond(mutex, options).wait(ctx, mutex.tryLock()!);
    },
    'wait on cond',
    '',
  ],
  [(ctx, options) => new Latch(4, options).wait(ctx), 'wait on latch', ' (4 to go)'],
  [(ctx, options) => new Barrier(2, options).arrive(ctx), 'arrive on barrier', ' (1 of 2 arrived)'],
];

for (const [wait, what, state] of waits) {
  test(`a wait says what it is, with the name of its tool: ${what}`, async (t) => {
    const heard: (() => string)[] = [];
    const ignore = () => {};
    setTracker({
      parked: (tracked) => heard.push(() => tracked.describe()),
      resumed: ignore,
      task: (_task, body) => body(),
      ended: ignore,
      armed: ignore,
      disarmed: ignore,
    });
    t.after(() => setTracker(undefined));
    const child = background().withCancel();

    const waiting = [wait(child, {}), wait(child, { name: 'orders' })];
    const texts = heard.map((describe) => describe());
    child.cancel();
    for (const ended of waiting) await assert.rejects(Promise.resolve(ended));

    assert.deepEqual(texts, [`${what}${state}`, `${what} "orders"${state}`]);
  });
}
