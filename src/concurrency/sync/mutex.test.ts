import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { lockerContract } from './locker.contract.ts';
import { Mutex } from './mutex.ts';

failOnLeaks();

const ctx = background();

lockerContract('a mutex', () => new Mutex());

test('isLocked tells whether somebody holds it, also while it is handed over', async () => {
  const mutex = new Mutex();
  const seen = [mutex.isLocked];

  const lock = await mutex.lock(ctx);
  const waiting = mutex.lock(ctx);
  seen.push(mutex.isLocked);
  lock.unlock();
  seen.push(mutex.isLocked);
  (await waiting).unlock();
  seen.push(mutex.isLocked);

  assert.deepEqual(seen, [false, true, true, false]);
});

test('run holds the lock until what its function returns has settled', async () => {
  const mutex = new Mutex();
  let inside = 0;
  const work = async () => {
    assert.equal(++inside, 1);
    await null;
    inside--;
    return mutex.isLocked;
  };

  const results = await Promise.all([mutex.run(ctx, work), mutex.run(ctx, work), mutex.run(ctx, () => 'at once')]);

  assert.deepEqual(results, [true, true, 'at once']);
  assert.equal(mutex.isLocked, false);
});

test('run gives the lock back when its function fails, at once or later', async () => {
  const mutex = new Mutex();
  const failAtOnce = () => {
    throw new Error('at once');
  };

  await assert.rejects(mutex.run(ctx, failAtOnce), { message: 'at once' });
  await assert.rejects(
    mutex.run(ctx, () => Promise.reject(new Error('later'))),
    { message: 'later' },
  );

  assert.equal(mutex.isLocked, false);
});

test('the function that run calls may give the lock back itself', async () => {
  const mutex = new Mutex();

  const wasLocked = await mutex.run(ctx, (lock) => {
    lock.unlock();
    return mutex.isLocked;
  });

  assert.equal(wasLocked, false);
  assert.equal(mutex.isLocked, false);
});
