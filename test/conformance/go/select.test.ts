import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Chan,
  type Context,
  chan,
  otherwise,
  type RecvChan,
  recv,
  type SendChan,
  select,
  send,
} from 'flotilla/concurrency';
import { reachableBytes } from '../leaks/heap.ts';
import { quiescence, Tasks } from './tasks.ts';

// Go: test/chan/select.go
test('a channel that is set to undefined after its send drops out, and every round evaluates all values to send', async () => {
  await using tasks = new Tasks();
  let evaluated = 0;
  let bit = 1;
  const value = () => {
    evaluated++;
    return bit;
  };
  const sendOnce = (a: SendChan<number> | undefined, b: SendChan<number> | undefined): number => {
    for (let sent = 0; ; sent++) {
      const got = select(tasks.ctx, { a: send(a, value()), b: send(b, value()), otherwise });
      if (got.case === 'otherwise') return sent;
      if (got.case === 'a') a = undefined;
      else b = undefined;
      bit <<= 1;
    }
  };
  const [a, b] = [chan<number>(1), chan<number>(1)];

  assert.equal(sendOnce(a, b), 2);
  assert.equal(a.tryRecv()! | b.tryRecv()!, 0b11);
  assert.equal(sendOnce(a, undefined), 1);
  assert.equal(evaluated, 10);
});

// Go: test/chan/select2.go
test('a hundred thousand selects leave nothing on a channel that never becomes ready', async () => {
  await using tasks = new Tasks();
  const busy = chan<number>();
  const idle = chan<number>();
  const round = async () => {
    tasks.go(async (ctx) => {
      for (let i = 0; i < 100_000; i++) await busy.send(ctx, i);
    });
    for (let i = 0; i < 100_000; i++) {
      const got = await select(tasks.ctx, { busy: recv(busy), idle: recv(idle) });
      assert.deepEqual([got.case, got.value], ['busy', i]);
    }
    return reachableBytes();
  };
  const before = await round();

  const grown = (await round()) - before;

  assert.ok(grown < 1_000_000, `the heap grew by ${grown} bytes`);
  assert.equal(idle.trySend(1), false, 'nobody is left waiting on it');
});

// Go: test/chan/select4.go
test('only the case that is ready runs, and its value can be put anywhere', async () => {
  await using tasks = new Tasks();
  const ready = chan<number>(1);
  const silent = chan<number>();
  const target = { a: 0 };
  ready.trySend(42);

  const got = await select(tasks.ctx, { silent: recv(silent), ready: recv(ready) });
  switch (got.case) {
    case 'silent':
      assert.fail('nobody sent on it');
      break;
    case 'ready':
      target.a = got.value!;
  }

  assert.equal(target.a, 42);
});

// Go: test/chan/select6.go
test('a select that leaves the end of a queue does not cut off those who queue up behind it later', async () => {
  await using tasks = new Tasks();
  const shared = chan<string>();
  const wake = chan<string>();
  const woken = chan<string>();
  const got: string[] = [];
  tasks.go(async (ctx) => got.push(`first ${await shared.recv(ctx)}`));
  tasks.go(async (ctx) => {
    const chosen = await select(ctx, { shared: recv(shared), wake: recv(wake) });
    await woken.send(ctx, chosen.case);
    got.push(`second ${await shared.recv(ctx)}`);
  });
  await quiescence();

  await wake.send(tasks.ctx, 'up');
  assert.equal(await woken.recv(tasks.ctx), 'wake');
  await shared.send(tasks.ctx, 'a');
  await shared.send(tasks.ctx, 'b');
  await tasks.wait();

  assert.deepEqual(got, ['first a', 'second b']);
});

const receivers: Record<string, (ctx: Context, ch: RecvChan<number>) => unknown> = {
  'a plain recv': (ctx, ch) => ch.recv(ctx),
  'a select of one': (ctx, ch) => select(ctx, { value: recv(ch) }),
  'a select of two': (ctx, ch) => select(ctx, { value: recv(ch), other: recv(chan<number>()) }),
};
const senders: Record<string, (ctx: Context, ch: SendChan<number>) => unknown> = {
  'a plain send': (ctx, ch) => ch.send(ctx, 1),
  'a select of one send': (ctx, ch) => select(ctx, { sent: send(ch, 1) }),
  'a select of two sends': (ctx, ch) => select(ctx, { sent: send(ch, 1), other: send(chan<number>(), 1) }),
};

for (const [receiving, receive] of Object.entries(receivers)) {
  for (const [sending, give] of Object.entries(senders)) {
    // Go: test/chan/select7.go
    test(`${sending} and ${receiving} that throws its value away meet, whichever comes first`, async () => {
      await using tasks = new Tasks();
      for (const order of [
        [give, receive],
        [receive, give],
      ] as const) {
        const ch = chan<number>();
        for (const operation of order) tasks.go((ctx) => operation(ctx, ch));
        await tasks.wait();

        assert.deepEqual([ch.len, ch.tryRecv(), ch.trySend(1)], [0, undefined, false]);
      }
    });
  }
}

// Go: test/chan/select8.go
test('break leaves the switch over a select, of one, two and three cases, with and without otherwise', async () => {
  await using tasks = new Tasks();
  const ch = chan<number>();
  tasks.go(async (ctx) => {
    for (;;) await ch.send(ctx, 5);
  });
  await quiescence();
  const chosen: string[] = [];

  const selects = [
    () => select(tasks.ctx, { value: recv(ch) }),
    () => select(tasks.ctx, { otherwise }),
    () => select(tasks.ctx, { value: recv(ch), otherwise }),
    () => select(tasks.ctx, { value: recv(ch), sent: send(ch, 10), otherwise }),
  ];
  for (const run of selects) {
    const got = await run();
    switch (got.case) {
      case 'value':
      case 'otherwise':
        chosen.push(got.case);
        if (chosen.length > 0) break;
        assert.fail('after the break');
        break;
      default:
        assert.fail('nobody receives');
    }
    await quiescence();
  }

  assert.deepEqual(chosen, ['value', 'otherwise', 'value', 'value']);
});

// Go: test/chan/doubleselect.go
test('a select that sends one value to whichever of four channels is free first sends it once', async () => {
  await using tasks = new Tasks();
  const count = 20_000;
  const outs = Array.from({ length: 4 }, () => chan<number>());
  const merged = chan<number>();
  const finished = chan<true>(4);
  tasks.go(async (ctx) => {
    const [a, b, c, d] = outs as [Chan<number>, Chan<number>, Chan<number>, Chan<number>];
    for (let i = 0; i < count; i++) await select(ctx, { a: send(a, i), b: send(b, i), c: send(c, i), d: send(d, i) });
    for (const out of outs) out.close();
  });
  for (const out of outs) {
    tasks.go(async (ctx) => {
      for await (const value of out.values(ctx)) await merged.send(ctx, value);
      await finished.send(ctx, true);
    });
  }
  tasks.go(async (ctx) => {
    for (let left = 4; left > 0; left--) await finished.recv(ctx);
    merged.close();
  });

  const seen = new Set<number>();
  let received = 0;
  for await (const value of merged.values(tasks.ctx)) {
    seen.add(value);
    received++;
  }

  assert.deepEqual([received, seen.size], [count, count]);
});
