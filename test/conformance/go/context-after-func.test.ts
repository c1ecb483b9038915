import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, type CancelContext, type Context, chan, recv, rootContext, select } from 'flotilla/concurrency';
import { virtualClock } from 'flotilla/testing';
import { ForeignContext } from './foreign-context.ts';
import { quiescence, Tasks } from './tasks.ts';

/** Each test runs on a context of ours and on one in front of it that only keeps the contract. */
const makers: Record<string, (inner: Context) => Context> = {
  'a context': (inner) => inner,
  'a context of somebody else': (inner) => new ForeignContext(inner),
};

for (const [kind, wrap] of Object.entries(makers)) {
  const make = (): [Context, CancelContext] => {
    const inner = background().withCancel();
    return [wrap(inner), inner];
  };

  // Go: src/context/x_test.go TestAfterFuncCalledAfterCancel, afterfunc_test.go TestCustomContextAfterFuncAfterFunc
  test(`${kind} calls a registered function once when it is canceled, and stop then reports false`, async () => {
    const [ctx, owner] = make();
    let calls = 0;
    const stop = ctx.onDone(() => calls++);
    await quiescence();
    assert.equal(calls, 0);

    owner.cancel();
    owner.cancel();
    await quiescence();

    assert.deepEqual([calls, stop()], [1, false]);
  });

  // Go: src/context/x_test.go TestAfterFuncCalledAfterTimeout
  test(`${kind} calls a registered function when its deadline has come`, async () => {
    const clock = virtualClock();
    const ctx = wrap(rootContext(clock).withTimeout(10));
    let calledAt: number | undefined;
    ctx.onDone(() => {
      calledAt = clock.now();
    });

    await clock.advance(100);

    assert.equal(calledAt, 10);
  });

  // Go: src/context/x_test.go TestAfterFuncCalledImmediately
  test(`${kind} that is done already calls a function soon, and not within onDone`, async () => {
    const [ctx, owner] = make();
    owner.cancel();
    let calls = 0;

    ctx.onDone(() => calls++);
    assert.equal(calls, 0);
    await undefined;

    assert.equal(calls, 1);
  });

  // Go: src/context/x_test.go TestAfterFuncNotCalledAfterStop
  test(`${kind} does not call a function that was stopped, and only the first stop reports true`, async () => {
    const [ctx, owner] = make();
    const stop = ctx.onDone(() => assert.fail('it was stopped'));

    assert.equal(stop(), true);
    owner.cancel();
    await quiescence();

    assert.equal(stop(), false);
  });

  // Go: src/context/x_test.go TestAfterFuncCalledAsynchronously
  test(`${kind} does not wait for what a function starts`, async () => {
    await using tasks = new Tasks();
    const [ctx, owner] = make();
    const ch = chan<string>();
    ctx.onDone(() => tasks.go((own) => ch.send(own, 'told')));

    owner.cancel();

    assert.equal(await ch.recv(tasks.ctx), 'told');
  });

  // Go: src/context/afterfunc_test.go TestCustomContextAfterFuncCancel, TestCustomContextAfterFuncTimeout
  test(`${kind} ends its children of either kind, and those who wait on them`, async () => {
    const [ctx, owner] = make();
    const children = [ctx.withCancel(), ctx.withTimeout(3_600_000)];
    const waiting = children.map((child) =>
      assert.rejects(async () => chan<number>().recv(child), { code: 'canceled' }),
    );

    owner.cancel();
    await Promise.all(waiting);

    assert.deepEqual(
      children.map((child) => child.err()?.code),
      ['canceled', 'canceled'],
    );
  });
}

// Go: src/context/afterfunc_test.go TestCustomContextAfterFuncUnregisterAfterFunc
test('a function that is stopped is no longer registered with a context of somebody else', () => {
  const ctx = new ForeignContext(background().withCancel());

  const stop = ctx.onDone(() => {});
  assert.equal(ctx.registered, 1);
  stop();

  assert.equal(ctx.registered, 0);
});

// Go: src/context/afterfunc_test.go TestCustomContextAfterFuncUnregisterCancel, TestCustomContextAfterFuncUnregisterTimeout
test('waits register one function each with a context of somebody else, and take it back however they end', async () => {
  await using tasks = new Tasks();
  const inner = tasks.ctx.withCancel();
  const ctx = new ForeignContext(inner);
  const [ch, full, other] = [chan<number>(), chan<number>(1), chan<number>()];
  full.trySend(0);
  const codes: unknown[] = [];
  const waits = [() => ch.recv(ctx), () => full.send(ctx, 1), () => select(ctx, { ch: recv(ch), other: recv(other) })];
  const start = () => {
    for (const wait of waits) {
      tasks.go(async () => {
        try {
          await wait();
        } catch (error) {
          codes.push((error as { code: unknown }).code);
        }
      });
    }
  };

  start();
  assert.equal(ctx.registered, 3);
  ch.trySend(1);
  ch.trySend(2);
  full.tryRecv();
  assert.equal(ctx.registered, 0, 'each was served');
  await tasks.wait();

  start();
  assert.equal(ctx.registered, 3);
  inner.cancel();
  assert.equal(ctx.registered, 0, 'each gave up');
  await tasks.wait();

  assert.deepEqual(codes, ['canceled', 'canceled', 'canceled']);
  assert.deepEqual([ch.trySend(3), other.trySend(3), full.len], [false, false, 1]);
});

// Go: src/context/example_test.go ExampleAfterFunc_merge
test('two contexts are merged by a function on one that cancels a child of the other', () => {
  const [first, second] = [background().withCancel(), background().withCancel()];
  const merged = first.withCancel();
  const stop = second.onDone(() => merged.cancel(second.cause()));

  second.cancel('the second');

  assert.deepEqual([merged.cause(), first.err(), stop()], ['the second', undefined, false]);
});
