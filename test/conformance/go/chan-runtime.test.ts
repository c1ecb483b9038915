import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  background,
  type Chan,
  chan,
  isContextError,
  otherwise,
  recv,
  select,
  send,
  yieldNow,
} from 'flotilla/concurrency';
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

  // Go: src/runtime/chan_test.go TestChan (100 integers in FIFO order; 1000 integers in 4 goroutines)
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

/** One of `first` and `second` is ready at every moment between the start of the task and the last step. */
async function oneIsAlwaysReady(makeSecondReady: (second: Chan<number>) => void): Promise<number> {
  await using tasks = new Tasks();
  let misses = 0;
  for (let i = 0; i < 4000; i++) {
    const [first, second] = [chan<number>(1), chan<number>(1)];
    first.trySend(1);
    tasks.go(async (ctx) => {
      for (let hops = i % 4; hops > 0; hops--) await undefined;
      if (select(ctx, { first: recv(first), second: recv(second), otherwise }).case === 'otherwise') misses++;
    });
    if (i % 3 === 0) await undefined;
    makeSecondReady(second);
    if (i % 5 === 0) await undefined;
    first.tryRecv();
    await tasks.wait();
  }
  return misses;
}

// Go: src/runtime/chan_test.go TestNonblockSelectRace
test('a select sees its channels at one instant: where one of two is always ready it never takes otherwise', async () => {
  assert.equal(await oneIsAlwaysReady((second) => second.trySend(1)), 0);
});

// Go: src/runtime/chan_test.go TestNonblockSelectRace2
test('the same where a close is what makes the other one ready', async () => {
  assert.equal(await oneIsAlwaysReady((second) => second.close()), 0);
});

for (const cap of [0, 10]) {
  // Go: src/runtime/chan_test.go TestSelfSelect
  test(`two tasks that send to and receive from one channel in one select never serve themselves, capacity ${cap}`, async () => {
    await using tasks = new Tasks();
    const ch = chan<number>(cap);
    let served = 0;
    const own: number[] = [];
    for (const me of [0, 1]) {
      tasks.go(async (ctx) => {
        for (let i = 0; i < 1000; i++) {
          const cases =
            me === 0 || i % 2 === 0 ? { sent: send(ch, me), got: recv(ch) } : { got: recv(ch), sent: send(ch, me) };
          const selected = await select(ctx, cases);
          served++;
          if (cap === 0 && selected.value === me) own.push(i);
          if (i % 7 === 0) await yieldNow();
        }
        // One of them may be left alone with a case that needs a peer.
        tasks.go(async () => {
          for (;;) {
            await select(ctx, { sent: send(ch, me), got: recv(ch) });
            await yieldNow();
          }
        });
      });
    }
    while (served < 2000) await yieldNow();

    assert.deepEqual(own, []);
  });
}

// Go: src/runtime/chan_test.go TestSelectStress
test('plain operations and selects over four channels, in chaos, lose nothing and end', async () => {
  await using tasks = new Tasks();
  const count = 2000;
  const [a, b, c, d] = [chan<number>(), chan<number>(), chan<number>(2), chan<number>(3)];
  let received = 0;
  for (const ch of [a, b, c, d]) {
    tasks.go(async (ctx) => {
      for (let i = 0; i < count; i++) await ch.send(ctx, i);
    });
    tasks.go(async (ctx) => {
      for (let i = 0; i < count; i++) if ((await ch.recv(ctx)) !== undefined) received++;
    });
  }
  /** Each channel takes part until its turn has come `count` times. */
  const openUntilCounted = () => {
    const left = { a: count, b: count, c: count, d: count };
    const unless = <T>(name: keyof typeof left, ch: T) => (left[name] > 0 ? ch : undefined);
    return { left, chans: () => ({ a: unless('a', a), b: unless('b', b), c: unless('c', c), d: unless('d', d) }) };
  };
  tasks.go(async (ctx) => {
    const { left, chans } = openUntilCounted();
    for (let i = 0; i < 4 * count; i++) {
      const { a, b, c, d } = chans();
      left[(await select(ctx, { d: send(d, i), c: send(c, i), a: send(a, i), b: send(b, i) })).case]--;
    }
  });
  tasks.go(async (ctx) => {
    const { left, chans } = openUntilCounted();
    for (let i = 0; i < 4 * count; i++) {
      const { a, b, c, d } = chans();
      left[(await select(ctx, { a: recv(a), b: recv(b), c: recv(c), d: recv(d) })).case]--;
      received++;
    }
  });
  await tasks.wait();

  assert.equal(received, 8 * count);
  assert.deepEqual([a.len, b.len, c.len, d.len], [0, 0, 0, 0]);
});

// Go: src/runtime/chan_test.go TestSelectFairness
test('of two channels that are always ready a select takes each about half of the time', () => {
  const trials = 10_000;
  const filled = () => {
    const ch = chan<number>(trials);
    while (ch.trySend(1)) {}
    return ch;
  };
  const [left, right, never, empty] = [filled(), filled(), undefined, chan<number>()];
  let taken = 0;
  for (let i = 0; i < trials; i++) {
    const got = select(background(), { never: recv(never), empty: recv(empty), left: recv(left), right: recv(right) });
    assert.ok(!(got instanceof Promise));
    if (got.case === 'left') taken++;
  }

  // Ten times the standard deviation: chance alone gets there less than once in 10^22 runs.
  assert.ok(Math.abs(taken - trials / 2) < 10 * Math.sqrt(trials / 4), `${taken} of ${trials}`);
});

for (const cap of [0, 1000]) {
  // Go: src/runtime/chan_test.go TestPseudoRandomSend
  test(`each of three cases that could send is taken at least once in a thousand, capacity ${cap}`, async () => {
    await using tasks = new Tasks();
    const ch = chan<number>(cap);
    const counts = [0, 0, 0];
    tasks.go(async (ctx) => {
      for (let i = 0; i < 1000; i++) {
        // Now and then the sender gets ahead and parks, which must not favour a case either.
        if (i % 3 === 0) await yieldNow();
        counts[(await ch.recv(ctx))!]!++;
      }
    });

    for (let i = 0; i < 1000; i++) await select(tasks.ctx, { zero: send(ch, 0), one: send(ch, 1), two: send(ch, 2) });
    await tasks.wait();

    assert.ok(
      counts.every((count) => count > 0),
      `${counts}`,
    );
  });
}

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

// Go: src/runtime/chan_test.go TestSelectDuplicateChannel
test('a select with one channel twice leaves that queue whole for those behind it', async () => {
  await using tasks = new Tasks();
  const [twice, other] = [chan<number>(), chan<number>()];
  const got: string[] = [];
  tasks.go(async (ctx) => {
    const chosen = await select(ctx, { a: recv(twice), b: recv(twice), other: recv(other) });
    got.push(`${chosen.case} ${chosen.value}`);
  });
  tasks.go(async (ctx) => got.push(`plain ${await twice.recv(ctx)}`));
  await quiescence();

  await other.send(tasks.ctx, 7);
  assert.equal(twice.trySend(8), true);
  await tasks.wait();

  assert.deepEqual(got, ['other 7', 'plain 8']);
  assert.equal(twice.trySend(9), false);
});

// Go: src/runtime/chan_test.go TestChanSendInterface
test('values of any kind may wait in cases beside each other, and otherwise drops all of them', () => {
  const ch = chan<object | string>(1);
  const value = {};

  assert.equal(ch.trySend(value), true);
  assert.equal(select(background(), { object: send(ch, value), text: send(ch, 'x'), otherwise }).case, 'otherwise');

  assert.equal(ch.tryRecv(), value);
  assert.equal(ch.len, 0);
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

// Go: src/runtime/chan_test.go TestSelectStackAdjust (what of it applies)
test('a close wakes a select that names the channel twice once, and one that names it once as well', async () => {
  await using tasks = new Tasks();
  const [silent, closing] = [chan<number>(), chan<number>()];
  const woken: string[] = [];
  tasks.go(async (ctx) => woken.push((await select(ctx, { silent: recv(silent), closing: recv(closing) })).case));
  tasks.go(async (ctx) =>
    woken.push(
      (await select(ctx, { s1: recv(silent), s2: recv(silent), d1: recv(closing), d2: recv(closing) })).case.slice(
        0,
        1,
      ),
    ),
  );
  await quiescence();

  closing.close();
  await tasks.wait();

  assert.deepEqual(woken, ['closing', 'd']);
  assert.equal(silent.trySend(1), false);
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
