import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { yieldNow } from '../parking/turns.ts';
import { Pool } from './pool.ts';

// Go: src/sync/pool_test.go TestPool
test('what was put is given again, the last first, before a new one is made', () => {
  const pool = new Pool({ create: () => 'new' });

  pool.put('a');
  pool.put('b');

  assert.equal(pool.size, 2);
  assert.deepEqual([pool.get(), pool.get(), pool.get()], ['b', 'a', 'new']);
  assert.equal(pool.size, 0);
});

// Go: src/sync/pool_test.go TestPoolNew
test('an empty pool makes a new one with each get', () => {
  let made = 0;
  const pool = new Pool({ create: () => ++made });

  const first = [pool.get(), pool.get()];
  pool.put(42);

  assert.deepEqual([...first, pool.get(), pool.get()], [1, 2, 42, 3]);
});

// Go: src/sync/pool_test.go TestPoolGC
test('it holds nothing that was taken out of it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const pool = new Pool<object>({ create: () => ({}) });
  const fill = () =>
    Array.from({ length: 50 }, () => {
      const object = {};
      pool.put(object);
      return new WeakRef(object);
    });
  const drain = () => {
    for (let n = 0; n < 50; n++) pool.get();
  };

  const refs = fill();
  await yieldNow();
  collect();
  const resting = refs.filter((ref) => ref.deref() !== undefined).length;
  await yieldNow();
  drain();
  await yieldNow();
  collect();

  assert.equal(resting, 50);
  assert.equal(refs.filter((ref) => ref.deref() !== undefined).length, 0);
});

// Go: src/sync/pool_test.go TestPoolStress
test('an object is never with two users at once', async () => {
  let made = 0;
  const pool = new Pool({ create: () => ({ id: made++, users: 0 }), max: 4 });
  let most = 0;
  const use = async () => {
    for (let turn = 0; turn < 1000; turn++) {
      const object = pool.get();
      most = Math.max(most, ++object.users);
      if (turn % 3 === 0) await null;
      object.users--;
      pool.put(object);
    }
  };

  await Promise.all(Array.from({ length: 10 }, use));

  assert.equal(most, 1);
  assert.equal(pool.size, 4);
});

test('what is beyond max is dropped, without a reset', () => {
  const resets: string[] = [];
  const pool = new Pool({ create: () => 'new', reset: (object) => resets.push(object), max: 1 });

  pool.put('a');
  pool.put('b');

  assert.deepEqual(resets, ['a']);
  assert.deepEqual([pool.get(), pool.get()], ['a', 'new']);
});

test('64 rest by default', () => {
  const pool = new Pool({ create: () => 0 });

  for (let n = 0; n < 100; n++) pool.put(n);

  assert.deepEqual([pool.max, pool.size], [64, 64]);
});

test('an object whose reset fails is dropped', () => {
  const pool = new Pool({
    create: () => 'new',
    reset: () => {
      throw new Error('bad reset');
    },
  });

  assert.throws(() => pool.put('a'), { message: 'bad reset' });

  assert.equal(pool.get(), 'new');
});

test('undefined is an object like any other', () => {
  const pool = new Pool<string | undefined>({ create: () => 'new' });
  pool.put(undefined);

  assert.deepEqual([pool.get(), pool.get()], [undefined, 'new']);
});

test('a max that is none is refused', () => {
  for (const max of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => new Pool({ create: () => 0, max }), RangeError);
});
