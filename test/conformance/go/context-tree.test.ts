import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  background,
  type CancelContext,
  type Context,
  type ContextKey,
  contextKey,
  done,
  rootContext,
  select,
} from 'flotilla/concurrency';
import { virtualClock } from 'flotilla/testing';
import { codeOf, isDone } from './context-state.ts';
import { ForeignContext } from './foreign-context.ts';
import { Tasks } from './tasks.ts';

// Go: src/context/x_test.go TestBackground
test('the root is not done and has nothing to wait for', () => {
  const ctx = background();

  assert.deepEqual([isDone(ctx), ctx.err(), ctx.deadline], [false, undefined, undefined]);
});

// Go: src/context/x_test.go TestWithCancel
test('a cancel reaches the context, one in front of it, and a child of that, before it returns', () => {
  const parent = background().withCancel();
  const front = new ForeignContext(parent);
  const child = front.withCancel();
  const all = [parent, front, child];
  assert.deepEqual(
    all.map((ctx) => [isDone(ctx), codeOf(ctx)]),
    all.map(() => [false, undefined]),
  );

  parent.cancel();

  assert.deepEqual(
    all.map((ctx) => [isDone(ctx), codeOf(ctx)]),
    all.map(() => [true, 'canceled']),
  );
});

// Go: src/context/context_test.go XTestParentFinishesChild, x_test.go TestParentFinishesChild
test('a parent that ends takes all descendants along, and those made afterwards are done from the start', () => {
  const clock = virtualClock();
  const parent = rootContext(clock).withCancel();
  const key = contextKey('k', '');
  const child = parent.withCancel();
  const valued = parent.withValue(key, 'v');
  const timed = valued.withTimeout(3_600_000);
  let told = 0;
  for (const ctx of [child, timed, parent]) ctx.onDone(() => told++);
  assert.deepEqual([parent, child, valued, timed].map(isDone), [false, false, false, false]);
  assert.equal(clock.pending, 1);

  parent.cancel();

  assert.equal(told, 3);
  assert.deepEqual([parent, child, valued, timed].map(codeOf), Array(4).fill('canceled'));
  assert.equal(clock.pending, 0, 'no timer is left');
  const late = parent.withValue(key, 'late').withCancel();
  assert.deepEqual([isDone(late), codeOf(late), late.value(key)], [true, 'canceled', 'late']);
});

// Go: src/context/context_test.go XTestChildFinishesFirst, x_test.go TestChildFinishesFirst
test('a child that ends leaves its parent as it was', () => {
  for (const parent of [background(), background().withCancel()]) {
    const front = new ForeignContext(parent);
    const child = front.withCancel();
    assert.deepEqual([isDone(front), isDone(child)], [false, false]);

    child.cancel();

    assert.deepEqual([isDone(child), codeOf(child)], [true, 'canceled']);
    assert.deepEqual([isDone(parent), parent.err()], [false, undefined]);
  }
});

/** A hundred contexts in a tree where each has up to four children. */
function tree(): CancelContext[] {
  const made: CancelContext[] = [background().withCancel()];
  for (let i = 0; made.length < 100; i++) for (let n = 0; n < 4; n++) made.push(made[i]!.withCancel());
  return made;
}

// Go: src/context/x_test.go TestSimultaneousCancels
test('all contexts of a tree may be canceled in any order, and each ends once', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    await using tasks = new Tasks();
    const contexts = tree();
    const told = contexts.map(() => 0);
    contexts.forEach((ctx, i) => {
      ctx.onDone(() => told[i]!++);
    });
    const order = contexts.map((ctx, i) => ({ ctx, key: (i * seed * 7919) % 104_729 }));
    for (const { ctx } of order.sort((a, b) => a.key - b.key)) tasks.go(async () => ctx.cancel());
    for (const ctx of contexts) tasks.go(async (own) => select(own, { done: done(ctx) }));
    await tasks.wait();

    assert.deepEqual(
      told,
      contexts.map(() => 1),
    );
  }
});

// Go: src/context/x_test.go TestInterlockedCancels
test('a waiter on the parent may cancel the child while the parent is being canceled', async () => {
  const parent = background().withCancel();
  const child = parent.withCancel();
  let told = 0;
  parent.onDone(() => child.cancel('by the waiter'));
  child.onDone(() => told++);

  parent.cancel('parent');
  await select(background(), { done: done(child) });

  assert.deepEqual([told, child.cause()], [1, 'parent']);
});

for (const how of ['canceled', 'deadline_exceeded'] as const) {
  // Go: src/context/x_test.go TestLayersCancel, TestLayersTimeout
  test(`thirty layers of values, cancels and timeouts end together and keep their values (${how})`, async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const clock = virtualClock();
      const keys: ContextKey<number>[] = [];
      const cancels: CancelContext[] = [];
      let ctx: Context = rootContext(clock);
      for (let i = 0, state = seed; i < 30 || cancels.length === 0 || keys.length === 0; i++) {
        state = (state * 48_271) % 2_147_483_647;
        if (state % 3 === 0) {
          const key = contextKey('layer', -1);
          ctx = ctx.withValue(key, keys.push(key));
        } else {
          const layer = state % 3 === 1 ? ctx.withCancel() : ctx.withTimeout(1 + (state % 1000));
          cancels.push(layer);
          ctx = layer;
        }
      }
      if (ctx.deadline === undefined) ctx = ctx.withTimeout(500);
      const values = () => keys.map((key) => ctx.value(key));
      const expected = keys.map((_, i) => i + 1);
      assert.deepEqual([isDone(ctx), values()], [false, expected], `seed ${seed}`);

      if (how === 'canceled') cancels[seed % cancels.length]!.cancel();
      else await clock.advance(ctx.deadline!);

      assert.deepEqual([isDone(ctx), codeOf(ctx), values()], [true, how, expected], `seed ${seed}`);
    }
  });
}

// Go: src/context/x_test.go TestWithCancelCanceledParent, TestWithCancelSimultaneouslyCanceledParent
test('a child of a canceled parent is done from the start, with its cause; one that is canceled at the same time soon', async () => {
  const cause = new Error('because');
  const parent = background().withCancel();
  parent.cancel(cause);
  const child = parent.withCancel();
  assert.deepEqual([isDone(child), codeOf(child), child.cause()], [true, 'canceled', cause]);

  for (let i = 0; i < 100; i++) {
    await using tasks = new Tasks();
    const other = background().withCancel();
    tasks.go(async () => {
      for (let hops = i % 5; hops > 0; hops--) await undefined;
      other.cancel(cause);
    });
    const young = other.withCancel();

    await select(tasks.ctx, { done: done(young) });

    assert.deepEqual([codeOf(young), young.cause()], ['canceled', cause]);
  }
});

// Go: src/context/x_test.go TestContextErrDoneRace
test('at the moment in which err tells of the end, done is ready', () => {
  for (let i = 0; i < 10; i++) {
    const ctx = background().withCancel();
    const seen: boolean[] = [];
    ctx.onDone(() => seen.push(ctx.err() !== undefined, isDone(ctx), ctx.signal.aborted));

    ctx.cancel();

    assert.deepEqual(seen, [true, true, true]);
  }
});
