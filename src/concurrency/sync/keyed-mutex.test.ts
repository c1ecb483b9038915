import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { lockerContract } from './locker.contract.ts';

failOnLeaks();

const ctx = background();

lockerContract('one key of a keyed mutex', () => {
  const keyed = new KeyedMutex<string>();
  return { lock: (own) => keyed.lock(own, 'k'), tryLock: () => keyed.tryLock('k') };
});

test('different keys do not wait for each other', () => {
  const keyed = new KeyedMutex<number>();

  const locks = [1, 2, 3].map((key) => keyed.lock(ctx, key));

  assert.equal(
    locks.some((lock) => lock instanceof Promise),
    false,
  );
  assert.equal(keyed.size, 3);
  assert.deepEqual([keyed.tryLock(1), keyed.tryLock(4) === undefined], [undefined, false]);
});

test('keys are compared as those of a Map', () => {
  const keyed = new KeyedMutex<unknown>();
  const object = {};

  for (const key of [Number.NaN, 0, object]) keyed.tryLock(key);

  assert.deepEqual(
    [Number.NaN, -0, object, {}].map((key) => keyed.tryLock(key) === undefined),
    [true, true, true, false],
  );
});

test('a key leaves nothing behind when its last holder is done and nobody waits', async () => {
  const keyed = new KeyedMutex<string>();
  const child = ctx.withCancel();
  const first = await keyed.lock(ctx, 'a');
  const second = keyed.lock(ctx, 'a');
  const third = Promise.resolve(keyed.lock(child, 'a'));

  first.unlock();
  const sizeHandedOver = keyed.size;
  child.cancel();
  await assert.rejects(third);
  (await second).unlock();

  assert.equal(sizeHandedOver, 1);
  assert.equal(keyed.size, 0);
});

test('a lock that is locked again excludes those who came to its key after it had vanished', async () => {
  const keyed = new KeyedMutex<string>();
  const early = await keyed.lock(ctx, 'a');
  early.unlock();
  const late = await keyed.lock(ctx, 'a');

  let isBack = false;
  const relocking = Promise.resolve(early.relock(ctx)).then(() => {
    isBack = true;
  });
  await null;
  assert.equal(isBack, false);
  late.unlock();
  await relocking;

  assert.equal(keyed.tryLock('a'), undefined);
  assert.throws(() => late.unlock());
  early.unlock();
  assert.equal(keyed.size, 0);
});
