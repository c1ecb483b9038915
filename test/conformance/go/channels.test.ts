import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  background,
  type Chan,
  chan,
  type Item,
  otherwise,
  type RecvChan,
  recv,
  type SendChan,
  select,
  send,
} from 'flotilla/concurrency';
import { quiescence, Tasks } from './tasks.ts';

// Go: test/chan/fifo.go (AsynchFifo)
test('a buffer gives its values in the order of the sends', () => {
  const ch = chan<number>(10);

  for (let i = 0; i < 10; i++) assert.ok(ch.trySend(i));

  assert.deepEqual(
    Array.from({ length: 10 }, () => ch.tryRecv()),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

// Go: test/chan/fifo.go (SynchFifo)
test('receivers that take turns see the values of an unbuffered channel in the order of the sends', async () => {
  await using tasks = new Tasks();
  const values = chan<number>();
  const seen: [number, number | undefined][] = [];
  const first = chan<true>();
  let turn: RecvChan<true> = first;
  for (let i = 0; i < 10; i++) {
    const mine = turn;
    const next = chan<true>();
    turn = next;
    tasks.go(async (ctx) => {
      await mine.recv(ctx);
      seen.push([i, await values.recv(ctx)]);
      await next.send(ctx, true);
    });
  }

  await first.send(tasks.ctx, true);
  for (let i = 0; i < 10; i++) await values.send(tasks.ctx, i);
  await turn.recv(tasks.ctx);

  assert.deepEqual(
    seen,
    Array.from({ length: 10 }, (_, i) => [i, i]),
  );
});

/** The kinds of values of nonblock.go, and those that a test for truth or absence would confuse. */
const kinds: readonly [string, Item, Item][] = [
  ['small numbers', 123, 234],
  ['large integers', 123456n, 234567n],
  ['booleans', true, false],
  ['strings', 'hello', ''],
  ['zero and not-a-number', 0, Number.NaN],
  ['null and objects', null, { nothing: true }],
];

for (const cap of [0, 1]) {
  for (const [kind, sent, answered] of kinds) {
    // Go: test/chan/nonblock.go
    test(`try operations with ${kind} never wait and never miss a peer that waits, capacity ${cap}`, async () => {
      await using tasks = new Tasks();
      const ch = chan<Item>(cap);
      let got: Item | undefined;

      assert.equal(ch.tryRecv(), undefined, 'empty');
      assert.equal(select(tasks.ctx, { value: recv(ch), otherwise }).case, 'otherwise');
      if (cap === 0) {
        assert.equal(ch.trySend(sent), false, 'nobody receives');
        assert.equal(select(tasks.ctx, { sent: send(ch, sent), otherwise }).case, 'otherwise');
      }

      tasks.go(async (ctx) => {
        got = await ch.recv(ctx);
      });
      assert.equal(ch.trySend(sent), true, 'a receiver waits');
      await tasks.wait();
      assert.ok(Object.is(got, sent));

      tasks.go((ctx) => ch.send(ctx, answered));
      assert.ok(Object.is(ch.tryRecv(), answered), 'a sender waits, or has left its value');
      await tasks.wait();

      tasks.go((ctx) => ch.send(ctx, answered));
      const selected = select(tasks.ctx, { value: recv(ch), otherwise });
      assert.equal(selected.case, 'value');
      assert.ok(Object.is(selected.value, answered));
      await tasks.wait();
    });
  }
}

// Go: test/chan/goroutines.go
test('a value passes through a chain of ten thousand tasks', async () => {
  await using tasks = new Tasks();
  const leftmost = chan<string>();
  let left: SendChan<string> = leftmost;
  for (let i = 0; i < 10_000; i++) {
    const right = chan<string>();
    const to = left;
    tasks.go(async (ctx) => to.send(ctx, (await right.recv(ctx))!));
    left = right;
  }

  await left.send(tasks.ctx, 'through');

  assert.equal(await leftmost.recv(tasks.ctx), 'through');
  await tasks.wait();
});

// Go: test/chan/zerosize.go
test('values that carry no information are counted like any other', () => {
  const unbuffered = chan<null>();
  const buffered = chan<null>(1);

  assert.deepEqual([unbuffered.trySend(null), buffered.trySend(null), buffered.trySend(null)], [false, true, false]);
  assert.deepEqual([unbuffered.len, buffered.len], [0, 1]);
  assert.deepEqual([buffered.tryRecv(), buffered.tryRecv()], [null, undefined]);
});

// Go: test/chan/sendstmt.go (chanchan)
test('a channel travels through a channel, and a case may send to the one that just arrived', () => {
  const outer = chan<Chan<number>>(1);
  const inner = chan<number>(1);
  outer.trySend(inner);

  const got = select(background(), { sent: send(outer.tryRecv(), 2), otherwise });

  assert.equal(got.case, 'sent');
  assert.equal(inner.tryRecv(), 2);
});

// Go: test/chan/sendstmt.go (sendprec)
test('what is sent is the value of the whole expression', async () => {
  const ch = chan<boolean>(1);
  const [no, yes] = [false, true];

  await ch.send(background(), no || yes);

  assert.equal(ch.tryRecv(), true);
});

// Go: test/chan/fifo.go (SynchFifo, with the waiting on the other side)
test('senders that wait are served in the order in which they came, and so are receivers', async () => {
  await using tasks = new Tasks();
  for (const cap of [0, 1, 3]) {
    const ch = chan<number>(cap);
    const served: string[] = [];
    for (let i = 0; i < 8; i++) tasks.go(async (ctx) => served.push(`${i} gave ${await ch.send(ctx, i)}`));
    const taken: (number | undefined)[] = [];
    for (let i = 0; i < 8; i++) taken.push(ch.tryRecv());
    await quiescence();
    for (let i = 0; i < 8; i++) tasks.go(async (ctx) => served.push(`${i} took ${await ch.recv(ctx)}`));
    for (let i = 0; i < 8; i++) assert.ok(ch.trySend(i * 10));
    await tasks.wait();

    assert.deepEqual(taken, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(served, [
      ...taken.map((i) => `${i} gave undefined`),
      ...taken.map((i) => `${i} took ${(i as number) * 10}`),
    ]);
  }
});
