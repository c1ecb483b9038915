import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, chan, isContextError, otherwise, recv, select, send, yieldNow } from 'flotilla/concurrency';
import { fateOf, quiescence, Tasks } from './tasks.ts';

const capacities = [0, 1, 2, 3, 7, 19];

for (const cap of capacities) {
  const full = () => {
    const ch = chan<number>(cap);
    for (let i = 0; i < cap; i++) assert.ok(ch.trySend(i));
    return ch;
  };

  // Go: src/runtime/chan_test.go TestChan (receive from an empty channel)
  test(`capacity ${cap}: receivers of an empty channel wait, and each gets one value`, async () => {
    await using tasks = new Tasks();
    const ch = chan<number>(cap);
    const got: (number | undefined)[] = [];
    for (let i = 0; i < 2; i++) tasks.go(async (ctx) => got.push(await ch.recv(ctx)));
    await quiescence();

    assert.deepEqual(got, []);
    assert.equal(select(tasks.ctx, { value: recv(ch), otherwise }).case, 'otherwise');
    await ch.send(tasks.ctx, 0);
    await ch.send(tasks.ctx, 0);
    await tasks.wait();

    assert.deepEqual(got, [0, 0]);
  });

  // Go: src/runtime/chan_test.go TestChan (send to a full channel)
  test(`capacity ${cap}: a sender to a full channel waits until there is room`, async () => {
    await using tasks = new Tasks();
    const ch = full();
    let sent = false;
    tasks.go(async (ctx) => {
      await ch.send(ctx, cap);
      sent = true;
    });
    await quiescence();

    assert.equal(sent, false);
    assert.equal(select(tasks.ctx, { sent: send(ch, 0), otherwise }).case, 'otherwise');
    assert.equal(ch.recv(tasks.ctx), 0);
    await tasks.wait();

    assert.equal(sent, true);
    assert.equal(ch.len, cap);
  });

  // Go: src/runtime/chan_test.go TestChan (receive from a closed channel)
  test(`capacity ${cap}: a closed channel gives what it holds in order, then its end`, () => {
    const ch = full();
    ch.close();

    const got = Array.from({ length: cap + 2 }, () => ch.recv(background()));

    assert.deepEqual(got, [...Array.from({ length: cap }, (_, i) => i), undefined, undefined]);
  });

  // Go: src/runtime/chan_test.go TestChan (close unblocks receive)
  test(`capacity ${cap}: a close wakes all receivers with the end, and all senders with an error`, async () => {
    await using tasks = new Tasks();
    const [empty, filled] = [chan<number>(cap), full()];
    const ends: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      tasks.go(async (ctx) => ends.push(await empty.recv(ctx)));
      tasks.go(async (ctx) => {
        await assert.rejects(async () => filled.send(ctx, 99), { reason: 'CHANNEL_CLOSED' });
        ends.push('thrown');
      });
    }
    await quiescence();

    empty.close();
    filled.close();
    await tasks.wait();

    assert.deepEqual(ends.slice().sort(), ['thrown', 'thrown', 'thrown', undefined, undefined, undefined]);
    assert.equal(filled.len, cap, 'nothing of the refused sends arrived');
  });

  // Go: src/runtime/chan_test.go TestChan (100 integers in FIFO order, 1000 integers in 4 goroutines)
  test(`capacity ${cap}: one sender is heard in order, four senders and four receivers lose and repeat nothing`, async () => {
    await using tasks = new Tasks();
    const ch = chan<number>(cap);
    const sendUpTo = (count: number) =>
      tasks.go(async (ctx) => {
        for (let i = 0; i < count; i++) await ch.send(ctx, i);
      });

    sendUpTo(100);
    for (let i = 0; i < 100; i++) assert.equal(await ch.recv(tasks.ctx), i);

    const times = new Map<number, number>();
    for (let p = 0; p < 4; p++) {
      sendUpTo(1000);
      tasks.go(async (ctx) => {
        for (let i = 0; i < 1000; i++) {
          const value = (await ch.recv(ctx))!;
          times.set(value, (times.get(value) ?? 0) + 1);
        }
      });
    }
    await tasks.wait();

    assert.equal(times.size, 1000);
    assert.deepEqual(new Set(times.values()), new Set([4]));
    assert.deepEqual([ch.len, ch.tryRecv()], [0, undefined]);
  });

  // Go: src/runtime/chan_test.go TestChan (len and cap)
  test(`capacity ${cap}: len counts what it holds, cap what it can hold`, () => {
    const empty = chan<number>(cap);
    assert.deepEqual([empty.len, empty.cap], [0, cap]);
    const ch = full();
    assert.deepEqual([ch.len, ch.cap], [cap, cap]);
  });
}

// Go: src/runtime/chan_test.go TestNonblockRecvRace
test('a buffered value stays receivable across a close, for a task that only tries', async () => {
  await using tasks = new Tasks();
  let misses = 0;
  for (let i = 0; i < 2000; i++) {
    const ch = chan<number>(1);
    ch.trySend(1);
    tasks.go(async (ctx) => {
      if (i % 2 === 1) await yieldNow();
      if (select(ctx, { value: recv(ch), otherwise }).case === 'otherwise') misses++;
    });
    ch.close();
    ch.tryRecv();
  }
  await tasks.wait();

  assert.equal(misses, 0);
});

// Go: src/runtime/chan_test.go TestMultiConsumer
test('many workers between two buffers hand on every value once', async () => {
  await using tasks = new Tasks();
  const [workers, count] = [23, 27_182];
  const primes = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
  const [work, results] = [chan<number>(workers * 3), chan<number>(workers * 3)];
  let [fed, busy] = [0, workers];
  for (let w = 0; w < workers; w++) {
    tasks.go(async (ctx) => {
      let sinceYield = 0;
      for await (const value of work.values(ctx)) {
        if (primes[w % primes.length] === value && ++sinceYield % 20 === 0) await yieldNow();
        await results.send(ctx, value);
      }
      if (--busy === 0) results.close();
    });
  }
  tasks.go(async (ctx) => {
    for (let i = 0; i < count; i++) {
      const value = primes[i % primes.length]!;
      fed += value;
      await work.send(ctx, value);
    }
    work.close();
  });

  let [seen, sum] = [0, 0];
  for await (const value of results.values(tasks.ctx)) {
    seen++;
    sum += value;
  }

  assert.deepEqual([seen, sum], [count, fed]);
});

// Go: src/runtime/chan_test.go TestShrinkStackDuringBlockedSend, TestNoShrinkStackWhileParking (what of them applies)
test('a send that waits keeps its place and its value through deep recursion and collections around it', async () => {
  await using tasks = new Tasks();
  const ch = chan<number[]>();
  const dig = (depth: number): number => (depth === 0 ? 0 : 1 + dig(depth - 1));
  tasks.go(async (ctx) => {
    for (let i = 0; i < 10; i++) {
      await ch.send(ctx, [i, dig(1000)]);
      Array.from({ length: 1000 }, () => ({}));
    }
  });

  for (let i = 0; i < 10; i++) {
    await yieldNow();
    assert.deepEqual(await ch.recv(tasks.ctx), [i, 1000]);
  }
});

// Not among Go's tests: its channels know no Context
test('whoever gives up leaves the queue, and what it would have taken goes to the next', async () => {
  await using tasks = new Tasks();
  const ch = chan<number>();
  using impatient = tasks.ctx.withCancel();
  const got: unknown[] = [];
  tasks.go(() => assert.rejects(async () => ch.recv(impatient), isContextError));
  tasks.go(async (ctx) => got.push(await ch.recv(ctx)));
  await quiescence();

  impatient.cancel();
  assert.equal(ch.trySend(1), true);
  await tasks.wait();

  assert.deepEqual(got, [1]);
  assert.equal(await fateOf((ctx) => ch.send(ctx, 2)), 'blocks');
});
