import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, type Context, chan, contextKey, rootContext } from 'flotilla/concurrency';
import { virtualClock } from 'flotilla/testing';
import { codeOf, isDone } from './context-state.ts';
import { ForeignContext } from './foreign-context.ts';
import { Tasks } from './tasks.ts';

// Go: src/context/x_test.go TestDeadline, TestTimeout
test('a deadline ends its context and those below it, also one with a later deadline and one in front of it', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const plain = root.withDeadline(100);
  const front = new ForeignContext(root.withTimeout(100));
  const below = new ForeignContext(root.withDeadline(100)).withTimeout(3_600_000);
  const told: string[] = [];
  for (const [name, ctx] of Object.entries({ plain, front, below })) ctx.onDone(() => told.push(name));

  await clock.advance(99);
  assert.deepEqual(told, []);
  await clock.advance(1);

  assert.deepEqual(told.toSorted(), ['below', 'front', 'plain']);
  assert.deepEqual([plain, front, below].map(codeOf), Array(3).fill('deadline_exceeded'));
  assert.equal(below.deadline, 100);
});

// Go: src/context/x_test.go TestDeadline (inthepast, now)
test('a deadline that has come already ends its context at once', () => {
  const clock = virtualClock();

  assert.equal(codeOf(rootContext(clock).withDeadline(-1)), 'deadline_exceeded');
  assert.equal(codeOf(rootContext(clock).withDeadline(clock.now())), 'deadline_exceeded');
});

// Go: src/context/x_test.go TestCanceledTimeout
test('a context with a deadline that is canceled first is canceled, and stays so', async () => {
  const clock = virtualClock();
  const ctx = new ForeignContext(rootContext(clock).withTimeout(1000)).withTimeout(3_600_000);

  ctx.cancel();
  assert.deepEqual([isDone(ctx), codeOf(ctx)], [true, 'canceled']);
  await clock.advance(10_000);

  assert.equal(codeOf(ctx), 'canceled');
});

// Go: src/context/x_test.go TestValues
test('a value hides that of an ancestor for its own descendants, and each key answers for itself', () => {
  const [k1, k2, k3] = [contextKey('k', ''), contextKey('k', ''), contextKey('other', '')];
  const values = (ctx: Context) => [ctx.value(k1), ctx.value(k2), ctx.value(k3)];
  const c0 = background();
  const c1 = c0.withValue(k1, 'c1k1');
  const c2 = c1.withValue(k2, 'c2k2');
  const c3 = c2.withValue(k3, 'c3k3');
  const c4 = c3.withValue(k1, '');
  const front1 = new ForeignContext(c1);
  const front2 = front1.withValue(k2, 'o2k2');
  const front4 = new ForeignContext(c4).withValue(k3, '');

  assert.deepEqual([c0, c1, c2, c3, c4, front1, front2, front4].map(values), [
    ['', '', ''],
    ['c1k1', '', ''],
    ['c1k1', 'c2k2', ''],
    ['c1k1', 'c2k2', 'c3k3'],
    ['', 'c2k2', 'c3k3'],
    ['c1k1', '', ''],
    ['c1k1', 'o2k2', ''],
    ['', 'c2k2', ''],
  ]);
});

// Go: src/context/x_test.go TestAllocs, context_test.go XTestCustomContextGoroutines (our claim of the same kind)
test('a context that nobody waits on costs no timer and no entry anywhere, whatever is made below it', () => {
  const clock = virtualClock();
  const front = new ForeignContext(rootContext(clock).withCancel());
  const made: Context[] = [front];
  for (let i = 0; i < 100; i++) {
    const parent = made[i]!;
    made.push(i % 2 === 0 ? parent.withTimeout(60_000) : new ForeignContext(parent.withCancel()));
    assert.equal(made[i + 1]!.err(), undefined);
  }

  assert.equal(clock.pending, 0);
  assert.ok(made.every((ctx) => !(ctx instanceof ForeignContext) || ctx.registered === 0));
});

// Go: src/context/context_test.go XTestCancelRemoves, x_test.go TestCancelRemoves
test('whoever no longer waits is no longer registered: by its cancel, its stop or its end', async () => {
  await using tasks = new Tasks();
  const clock = virtualClock();
  const parent = rootContext(clock).withCancel();
  const front = new ForeignContext(parent);

  const child = parent.withTimeout(3_600_000);
  child.onDone(() => {});
  assert.equal(clock.pending, 1);
  child.cancel();
  assert.equal(clock.pending, 0);

  const stop = front.onDone(() => assert.fail('stopped'));
  assert.equal(front.registered, 1);
  assert.equal(stop(), true);
  assert.equal(front.registered, 0);

  const ch = chan<number>();
  tasks.go(async () => ch.recv(front));
  assert.equal(front.registered, 1);
  ch.trySend(1);
  assert.equal(front.registered, 0);
  await tasks.wait();
});

// Go: src/context/x_test.go TestInvalidDerivedFail, TestWithValueChecksKey (the compiler refuses the rest)
test('a context cannot be derived with a time that is none', () => {
  const ctx = background();

  assert.throws(() => ctx.withTimeout(Number.NaN), RangeError);
  assert.throws(() => ctx.withTimeout(-1), RangeError);
  assert.throws(() => ctx.withDeadline(Number.NaN), RangeError);
  // @ts-expect-error a key is made by contextKey
  const wrongKey = () => ctx.withValue([1], 'x');
  // @ts-expect-error a context is derived from a context
  const noParent = () => (undefined as Context | undefined).withCancel();
  assert.throws(noParent, TypeError);
  assert.equal(wrongKey().err(), undefined);
});

// Go: src/context/x_test.go TestDeadlineExceededSupportsTimeout, net_test.go TestDeadlineExceededIsNetError
test('what a deadline did differs from what a cancel did, by the code of the error', () => {
  const late = background().withTimeout(0).err();
  const canceled = background().withCancel();
  canceled.cancel();

  assert.deepEqual([late?.code, canceled.err()?.code], ['deadline_exceeded', 'canceled']);
});

// Go: src/context/x_test.go TestWithoutCancel
test('withoutCancel has the values and neither deadline nor end', () => {
  const key = contextKey('k', '');
  const parent = background().withValue(key, 'v').withTimeout(0);

  const ctx = parent.withoutCancel();

  assert.deepEqual(
    [ctx.deadline, isDone(ctx), ctx.err(), ctx.cause(), ctx.value(key)],
    [undefined, false, undefined, undefined, 'v'],
  );
});
