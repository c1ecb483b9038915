import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, type Chan, chan, otherwise, recv, select, send, yieldNow } from 'flotilla/concurrency';
import { quiescence, Tasks } from './tasks.ts';

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
