import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { yieldNow } from '../parking/turns.ts';
import { unhandledRejections } from '../testdata/unhandled-rejections.ts';
import { onceValue } from './once-value.ts';

failOnLeaks();

// Go: src/sync/oncefunc_test.go TestOnceFunc
test('a function without a value is called once', () => {
  let calls = 0;
  const once = onceValue(() => {
    calls++;
  });

  for (let n = 0; n < 10; n++) once();

  assert.equal(calls, 1);
});

// Go: src/sync/oncefunc_test.go TestOnceValue
test('every call gives the value of the first', () => {
  let calls = 0;
  const once = onceValue(() => ++calls);

  assert.deepEqual([once(), once(), once()], [1, 1, 1]);
});

// Go: src/sync/oncefunc_test.go TestOnceValues
test('several values are given as the same tuple', () => {
  let calls = 0;
  const once = onceValue((): [number, number] => [++calls, calls + 1]);

  const first = once();

  assert.deepEqual(first, [1, 2]);
  assert.equal(once(), first);
});

// Go: src/sync/oncefunc_test.go TestOnceFuncPanic, TestOnceValuePanic, TestOnceValuesPanic
test('a failure is kept: every call throws the same error', async () => {
  let calls = 0;
  const thrown = new Error('failed');
  const atOnce = onceValue(() => {
    calls++;
    throw thrown;
  });
  const later = onceValue(async () => {
    calls++;
    throw thrown;
  });

  for (let n = 0; n < 2; n++) {
    assert.throws(atOnce, (error) => error === thrown);
    await assert.rejects(later, (error) => error === thrown);
  }

  assert.equal(calls, 2);
});

// Go: src/sync/oncefunc_test.go TestOnceFuncPanicNil
test('a failure without an error value is kept too', () => {
  let calls = 0;
  const once = onceValue(() => {
    calls++;
    throw undefined;
  });
  const outcomes: unknown[] = [];

  for (let n = 0; n < 2; n++) {
    try {
      once();
      outcomes.push('returned');
    } catch (error) {
      outcomes.push(error);
    }
  }

  assert.deepEqual(outcomes, [undefined, undefined]);
  assert.equal(calls, 1);
});

// Go: src/sync/oncefunc_test.go TestOnceFuncPanicTraceback
test('the stack of the error reaches to where it was thrown', () => {
  function placeOfTheFailure(): never {
    throw new Error('failed');
  }

  assert.throws(onceValue(placeOfTheFailure), (error: Error) => error.stack?.includes('placeOfTheFailure') ?? false);
});

// Go: src/sync/oncefunc_test.go TestOnceXGC
test('the function is let go when its outcome is known', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const make = (outcome: (buffer: object) => unknown, retry: boolean) => {
    const buffer = {};
    return { once: onceValue(() => outcome(buffer), { retry }), buffer: new WeakRef(buffer) };
  };
  const text = String;
  const fail = () => {
    throw new Error('failed');
  };
  const later = async () => 'later';
  const kept = [make(text, false), make(fail, false), make(later, false), make(later, true), make(text, true)];
  await yieldNow();
  collect();
  assert.deepEqual(
    kept.map(({ buffer }) => buffer.deref() !== undefined),
    [true, true, true, true, true],
  );

  for (const { once } of kept) {
    try {
      await once();
    } catch (error) {
      // An error that is kept holds the functions on its stack until the stack is turned into text.
      assert.match(String((error as Error).stack), /failed/);
    }
  }
  await yieldNow();
  collect();

  assert.deepEqual(
    kept.map(({ once, buffer }) => typeof once === 'function' && buffer.deref()),
    [undefined, undefined, undefined, undefined, undefined],
  );
});

test('an async function gives all callers the same promise', async () => {
  let calls = 0;
  const once = onceValue(async () => {
    await yieldNow();
    return ++calls;
  });

  const first = once();

  assert.equal(once(), first);
  assert.deepEqual(await Promise.all([first, once()]), [1, 1]);
  assert.equal(await once(), 1);
});

test('with retry a failure is forgotten and a value kept', async () => {
  let calls = 0;
  const atOnce = onceValue(
    () => {
      if (++calls < 3) throw new Error(`failure ${calls}`);
      return calls;
    },
    { retry: true },
  );
  assert.throws(atOnce, { message: 'failure 1' });
  assert.throws(atOnce, { message: 'failure 2' });
  assert.deepEqual([atOnce(), atOnce()], [3, 3]);

  let asyncCalls = 0;
  const later = onceValue(
    async () => {
      if (++asyncCalls < 2) throw new Error('failure');
      return asyncCalls;
    },
    { retry: true },
  );
  const shared = later();
  assert.equal(later(), shared);
  await assert.rejects(shared, { message: 'failure' });
  assert.equal(await later(), 2);
  assert.equal(await later(), 2);
});

test('with and without retry a failure that nobody looks at surfaces', async (t) => {
  const surfaced = unhandledRejections(t);
  const failing = () => Promise.reject(new Error('unseen'));
  const seen = onceValue(failing, { retry: true });

  void onceValue(failing)();
  void onceValue(failing, { retry: true })();
  await assert.rejects(seen);
  await yieldNow();

  assert.equal(surfaced.length, 2);
});

test('a function that calls itself through it is told so', () => {
  const once: () => number = onceValue(() => once() + 1);

  assert.throws(
    () => once(),
    (error) => errors.as(error)?.reason === 'ONCE_REENTERED',
  );
});
