import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, type Context, chan, rootContext, until, withSignal, yieldNow } from 'flotilla/concurrency';
import { virtualClock } from 'flotilla/testing';
import { ForeignContext } from './foreign-context.ts';

const forever = 1e9;
const parentCause = new Error('parent');
const childCause = new Error('child');
const tooSlow = new Error('too slow');
const finishedEarly = new Error('finished early');

type End = 'canceled' | 'deadline_exceeded' | undefined;
/** The code it ends with, and its cause: `itself` where nobody gave one. */
type Row = readonly [name: string, make: () => Context, code: End, cause: unknown];
const itself = Symbol('its own error');

/** Applies the steps to a child of a parent, both cancellable. */
function family(step: (parent: ReturnType<Context['withCancel']>, child: ReturnType<Context['withCancel']>) => void) {
  return () => {
    const parent = background().withCancel();
    const child = parent.withCancel();
    step(parent, child);
    return child;
  };
}

function canceled(make: () => ReturnType<Context['withCancel']>, cause?: unknown): () => Context {
  return () => {
    const ctx = make();
    ctx.cancel(cause);
    return ctx;
  };
}

const table: readonly Row[] = [
  ['the root', background, undefined, undefined],
  ['a cancel without a cause', canceled(() => background().withCancel()), 'canceled', itself],
  ['a cancel with a cause', canceled(() => background().withCancel(), parentCause), 'canceled', parentCause],
  ['a cause that is undefined', canceled(() => background().withCancel(), undefined), 'canceled', itself],
  [
    'the parent with a cause, then the child with one',
    family((p, c) => [p.cancel(parentCause), c.cancel(childCause)]),
    'canceled',
    parentCause,
  ],
  [
    'the child with a cause, then the parent with one',
    family((p, c) => [c.cancel(childCause), p.cancel(parentCause)]),
    'canceled',
    childCause,
  ],
  [
    'the parent with a cause, then the child',
    family((p, c) => [p.cancel(parentCause), c.cancel()]),
    'canceled',
    parentCause,
  ],
  [
    'the child, then the parent with a cause',
    family((p, c) => [c.cancel(), p.cancel(parentCause)]),
    'canceled',
    itself,
  ],
  ['the parent, then the child with a cause', family((p, c) => [p.cancel(), c.cancel(childCause)]), 'canceled', itself],
  [
    'the child with a cause, then the parent',
    family((p, c) => [c.cancel(childCause), p.cancel()]),
    'canceled',
    childCause,
  ],
  [
    'the child is disposed, then the parent gets a cause',
    family((p, c) => [c[Symbol.dispose](), p.cancel(parentCause)]),
    'canceled',
    itself,
  ],
  [
    'the parent gets a cause, then the child is disposed',
    family((p, c) => [p.cancel(parentCause), c[Symbol.dispose]()]),
    'canceled',
    parentCause,
  ],
  [
    'a timeout that has passed, then a cancel',
    canceled(() => background().withTimeout(0)),
    'deadline_exceeded',
    itself,
  ],
  ['a cancel before the timeout', canceled(() => background().withTimeout(forever)), 'canceled', itself],
  [
    'a timeout with a cause that has passed',
    canceled(() => background().withTimeout(0, tooSlow)),
    'deadline_exceeded',
    tooSlow,
  ],
  [
    'a cancel before the timeout with a cause',
    canceled(() => background().withTimeout(forever, tooSlow)),
    'canceled',
    itself,
  ],
  [
    'a cancel with a cause before the timeout with one',
    canceled(() => background().withTimeout(forever, tooSlow), finishedEarly),
    'canceled',
    finishedEarly,
  ],
  ['a timeout with a cause below a parent canceled later', () => stacked(0), 'deadline_exceeded', tooSlow],
  ['a timeout with a cause below a parent canceled earlier', () => stacked(forever), 'canceled', finishedEarly],
  ['without cancel', () => background().withoutCancel(), undefined, undefined],
  ['without cancel below a parent that is canceled', () => cutOff(background().withCancel()), undefined, undefined],
  [
    'without cancel below a timeout that has passed',
    () => cutOff(background().withTimeout(0, tooSlow)),
    undefined,
    undefined,
  ],
  [
    'one in front of a parent that ended with a cause',
    () => inFront((p, c) => [p.cancel(parentCause), c.cancel()]),
    'canceled',
    parentCause,
  ],
  [
    'one in front of a child that ended before its parent',
    () => inFront((p, c) => [c.cancel(), p.cancel(parentCause)]),
    'canceled',
    itself,
  ],
  ['an abort with a reason', () => withSignal(background(), AbortSignal.abort(childCause)), 'canceled', childCause],
];

function stacked(ms: number): Context {
  const parent = background().withCancel();
  const child = parent.withTimeout(ms, tooSlow);
  parent.cancel(finishedEarly);
  return child;
}

function cutOff(parent: ReturnType<Context['withCancel']>): Context {
  const free = parent.withoutCancel();
  parent.cancel(finishedEarly);
  return free;
}

function inFront(step: Parameters<typeof family>[0]): Context {
  return new ForeignContext(family(step)());
}

for (const [name, make, code, cause] of table) {
  // Go: src/context/x_test.go TestCause
  test(`the cause after: ${name}`, () => {
    const ctx = make();

    assert.equal(ctx.err()?.code, code);
    assert.equal(ctx.cause(), cause === itself ? ctx.err() : cause);
    assert.equal(ctx.err()?.cause, cause === itself ? undefined : cause, 'the error carries a cause that was given');
  });

  // Go: src/context/x_test.go TestCause (our waits throw the error that Go leaves to the caller to fetch)
  test(`what a wait throws after: ${name}`, async () => {
    if (code === undefined) return assert.equal(chan<number>(1).send(make(), 1), undefined);
    const expected = { code, ...(cause === itself ? {} : { cause }) };

    assert.throws(() => chan<number>().recv(make()), expected);
    await assert.rejects(until(make(), new Promise(() => {})), expected);
  });
}

// Go: src/context/x_test.go TestCauseRace
test('a task that looks at the cause again and again sees undefined and then the cause, nothing between', async () => {
  const ctx = background().withCancel();
  setImmediate(() => ctx.cancel(childCause));
  const seen = new Set<unknown>();

  while (ctx.cause() === undefined) {
    seen.add(ctx.cause());
    await yieldNow();
  }
  seen.add(ctx.cause());

  assert.deepEqual([...seen], [undefined, childCause]);
});

// Go: src/context/x_test.go TestCustomContextPropagation, TestCustomContextCause
test('a context in front of another passes its end and its cause on to children and waits', async () => {
  const parent = background().withCancel();
  const front = new ForeignContext(parent);
  const child = front.withCancel();
  const sibling = front.withCancel();
  sibling.cancel(childCause);
  const waiting = assert.rejects(async () => chan<number>().recv(front), { code: 'canceled', cause: parentCause });

  assert.deepEqual([sibling.cause(), front.err(), front.cause()], [childCause, undefined, undefined]);
  parent.cancel(parentCause);
  await waiting;

  assert.deepEqual([child.err()?.code, child.cause(), front.cause()], ['canceled', parentCause, parentCause]);
  assert.equal(sibling.cause(), childCause, 'what ended first keeps its cause');
});

// Go: src/context/x_test.go TestCause (WithTimeoutCause), on the way that time takes
test('the cause of a timeout reaches those who wait below it', async () => {
  const clock = virtualClock();
  const below = rootContext(clock).withTimeout(50, tooSlow).withCancel();
  const waiting = assert.rejects(async () => chan<number>().recv(below), { code: 'deadline_exceeded', cause: tooSlow });

  await clock.advance(50);
  await waiting;

  assert.equal(below.cause(), tooSlow);
});
