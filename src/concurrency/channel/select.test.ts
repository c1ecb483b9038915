import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { chan } from './local-channel.ts';
import { type Cases, otherwise, recv, select, send } from './select.ts';
import { done, settled } from './select-outcomes.ts';
import { after, tick } from './select-timers.ts';

failOnLeaks();

const ctx = background();

test('the one case that is ready is done, and the result says which', async () => {
  const [words, numbers] = [chan<string>(1), chan<number>(1)];
  numbers.trySend(7);

  const got = await select(ctx, { word: recv(words), number: recv(numbers) });

  // The union narrows: value is a number here for the compiler too.
  assert.ok(got.case === 'number' && got.value !== undefined && got.value + 1 === 8);
});

test('a ready select gives no promise, and one with otherwise never does', () => {
  const numbers = chan<number>(1);

  const none = select(ctx, { n: recv(numbers), none: otherwise });
  numbers.trySend(1);
  const some = select(ctx, { n: recv(numbers), none: otherwise });

  assert.deepEqual([none.case, some.case, some.value], ['none', 'n', 1]);
});

/** Never called: only `otherwise` among the cases makes the result one that need not be awaited, for the compiler too. */
export async function whatCompiles(): Promise<void> {
  const numbers = chan<number>();
  const listed: Cases = { n: recv(numbers) };

  select(ctx, { n: recv(numbers), none: otherwise }).case.trim();
  // @ts-expect-error a receive may have to wait
  select(ctx, { n: recv(numbers) }).case.trim();
  // @ts-expect-error as may a send
  select(ctx, { sent: send(numbers, 1) }).case.trim();
  // @ts-expect-error and a promise
  select(ctx, { done: settled(Promise.resolve()) }).case.trim();
  // @ts-expect-error among these there may be no otherwise
  select(ctx, listed).case.trim();
  // @ts-expect-error nor here
  select(ctx, { n: recv(numbers), either: Math.random() < 0.5 ? otherwise : recv(numbers) }).case.trim();
  (await select(ctx, { n: recv(numbers), sent: send(numbers, 1) })).case.trim();
}

test('with several ready cases each is chosen at times', () => {
  const channels = [0, 1, 2].map(() => chan<number>(3_000));
  for (const channel of channels) for (let n = 0; n < 3_000; n++) channel.trySend(n);
  const cases = { a: recv(channels[0]), b: recv(channels[1]), c: recv(channels[2]), none: otherwise };
  const counts: Record<string, number> = { a: 0, b: 0, c: 0, none: 0 };

  for (let n = 0; n < 3_000; n++) counts[select(ctx, cases).case]!++;

  // 1,000 are expected of each, with a standard deviation of 26: 700 is more than 11 of these away.
  assert.ok(counts.a! > 700 && counts.b! > 700 && counts.c! > 700 && counts.none === 0, JSON.stringify(counts));
});

test('a select that waits goes on with the first operation that can be done, and leaves the others', async () => {
  const [a, b, out] = [chan<number>(), chan<number>(), chan<number>()];
  const waiting = select(ctx, { a: recv(a), b: recv(b), sent: send(out, 5) });

  assert.equal(b.trySend(1), true);

  assert.deepEqual(await waiting, { case: 'b', value: 1 });
  assert.equal(a.trySend(2), false, 'it does not wait on a any more');
  assert.equal(out.tryRecv(), undefined, 'nor offers its value');
});

test('a send case hands its value over when a receiver comes', async () => {
  const out = chan<number>();
  const waiting = select(ctx, { sent: send(out, 5) });

  assert.equal(await out.recv(ctx), 5);
  assert.equal((await waiting).case, 'sent');
});

test('a case on an undefined channel is never ready', async () => {
  const numbers = chan<number>(1);
  numbers.trySend(1);

  const got = await select(ctx, { none: recv<string>(undefined), out: send(undefined, 1), n: recv(numbers) });

  assert.equal(got.case, 'n');
  const idle = select(ctx.withTimeout(0).withCancel(), { none: recv(undefined), ready: otherwise });
  assert.equal(idle.case, 'ready');
});

test('closing a channel makes its recv ready and its send throw', async () => {
  const numbers = chan<number>();
  const receiving = select(ctx, { n: recv(numbers) });
  numbers.close();
  assert.deepEqual(await receiving, { case: 'n', value: undefined });

  const full = chan<number>();
  const sending = assert.rejects(Promise.resolve(select(ctx, { sent: send(full, 1) })), (error) =>
    errors.is(error, 'failed_precondition'),
  );
  full.close();
  await sending;
  assert.throws(() => select(ctx, { sent: send(full, 1) }), /send on a closed channel/);
});

test('the end of its context ends a select, and one that has ended is refused', async () => {
  const numbers = chan<number>(1);
  const leaving = ctx.withCancel();
  const waiting = assert.rejects(
    async () => select(leaving, { n: recv(numbers) }),
    (error) => errors.is(error, 'canceled'),
  );

  leaving.cancel();
  await waiting;
  numbers.trySend(1);

  assert.throws(
    () => select(leaving, { n: recv(numbers) }),
    (error) => errors.is(error, 'canceled'),
  );
  assert.equal(numbers.len, 1);
});

test('after is ready once its time has come, counted from its making, and only once', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const late = after(root, 100);
  const never = chan<number>();

  await clock.advance(60);
  const waiting = select(root, { late, n: recv(never) });
  assert.equal(clock.pending, 1);
  await clock.advance(39);
  await clock.advance(1);

  assert.deepEqual(await waiting, { case: 'late', value: 100 });
  assert.equal(select(root, { late, none: otherwise }).case, 'none');
  assert.equal(clock.pending, 0);
});

test('a select that is decided stops the timers of its other cases', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const numbers = chan<number>();
  const waiting = select(root, { n: recv(numbers), late: after(root, 100), beat: tick(root, 30) });
  assert.equal(clock.pending, 2);

  numbers.trySend(1);
  await waiting;

  assert.equal(clock.pending, 0);
});

test('tick comes again and again, and keeps one tick for a slow taker', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const beat = tick(root, 10);
  const times: number[] = [];
  const taking = (async () => {
    for await (const at of beat) {
      times.push(at);
      if (times.length === 3) break;
    }
  })();
  await clock.advance(30);
  await taking;

  await clock.advance(45);
  const first = select(root, { beat, none: otherwise });
  const second = select(root, { beat, none: otherwise });

  assert.deepEqual(times, [10, 20, 30]);
  assert.deepEqual([first, second.case], [{ case: 'beat', value: 70 }, 'none']);
  assert.equal(clock.pending, 0);
});

test('two selects share a ticker: each tick goes to one of them', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const beat = tick(root, 10);
  const times: number[] = [];
  const take = async () => times.push((await select(root, { beat })).value);
  const taking = [take(), take()];

  await clock.advance(10);
  assert.deepEqual(times, [10]);
  await clock.advance(10);
  await Promise.all(taking);

  assert.deepEqual(times, [10, 20]);
});

test('done is ready with the error of a context beside the own one', async () => {
  const other = ctx.withCancel();
  const waiting = select(ctx, { quit: done(other) });

  other.cancel('enough');
  const got = await waiting;

  assert.equal(got.value.code, 'canceled');
  assert.equal((await select(ctx, { quit: done(other) })).value, got.value);
});

test('a deadline that passes while a select enters its queues ends no half entered wait', async (t) => {
  t.mock.method(Math, 'random', () => 0.99); // The cases in their order.
  let now = 0;
  const clock = { ...virtualClock(), now: () => now++ };
  const [first, last] = [chan<number>(), chan<number>()];
  using other = rootContext(clock).withDeadline(3);
  other.onDone(() => first.trySend(1));
  now = 2;

  const waiting = select(ctx, { first: recv(first), quit: done(other), last: recv(last) });
  assert.equal(now, 3, 'it has looked once, just before the deadline');
  other.err();

  assert.deepEqual(await waiting, { case: 'first', value: 1 });
  assert.equal(last.trySend(2), false, 'it left every queue');
});

test('settled gives what the promise gives, or throws what it was rejected with', async () => {
  const later = Promise.withResolvers<string>();
  const waiting = select(ctx, { text: settled(later.promise) });
  later.resolve('here');

  assert.deepEqual(await waiting, { case: 'text', value: 'here' });
  assert.deepEqual(select(ctx, { text: settled(later.promise), none: otherwise }), { case: 'text', value: 'here' });
  await assert.rejects(async () => select(ctx, { text: settled(Promise.reject(new Error('broken'))) }), /broken/);
});

test('selects in a loop leave one reaction on a promise that stays pending', async () => {
  const numbers = chan<number>();
  let reactions = 0;
  const pending = {
    // biome-ignore lint/suspicious/noThenProperty: it counts how often somebody reacts.
    then() {
      reactions++;
    },
  } as unknown as PromiseLike<number>;

  for (let n = 0; n < 100; n++) {
    const waiting = select(ctx, { n: recv(numbers), p: settled(pending) });
    numbers.trySend(n);
    await waiting;
  }

  assert.equal(reactions, 1);
});

test('a select on both sides of one channel does not meet itself', async () => {
  const numbers = chan<number>();
  const waiting = select(ctx, { in: recv(numbers), out: send(numbers, 1) });
  let isDone = false;
  const watching = Promise.resolve(waiting).then(() => {
    isDone = true;
  });

  await yieldNow();
  assert.equal(isDone, false);
  assert.equal(await numbers.recv(ctx), 1);
  await watching;

  assert.equal((await waiting).case, 'out');
});
