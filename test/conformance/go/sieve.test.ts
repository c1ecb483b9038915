import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chan, chan, type RecvChan, recv, type SendChan, select, send } from 'flotilla/concurrency';
import { Tasks } from './tasks.ts';

const primesTo100 = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];

async function take(tasks: Tasks, source: RecvChan<number>, count: number): Promise<(number | undefined)[]> {
  const taken: (number | undefined)[] = [];
  while (taken.length < count) taken.push(await source.recv(tasks.ctx));
  return taken;
}

// Go: test/chan/sieve1.go
test('a growing chain of filters, one task and one channel per prime, sieves the primes', async () => {
  await using tasks = new Tasks();
  const primes = chan<number>();
  tasks.go(async (ctx) => {
    const numbers = chan<number>();
    tasks.go(async () => {
      for (let n = 2; ; n++) await numbers.send(ctx, n);
    });
    for (let source: Chan<number> = numbers; ; ) {
      const unfiltered = source;
      const prime = (await unfiltered.recv(ctx))!;
      await primes.send(ctx, prime);
      const filtered = chan<number>();
      source = filtered;
      tasks.go(async () => {
        for await (const n of unfiltered.values(ctx)) if (n % prime !== 0) await filtered.send(ctx, n);
      });
    }
  });

  assert.deepEqual(await take(tasks, primes, primesTo100.length), primesTo100);
});

/** A channel of `from`, `from + step`, ... without an end. */
function progression(tasks: Tasks, from: number, step: number, cap: number): RecvChan<number> {
  const out = chan<number>(cap);
  tasks.go(async (ctx) => {
    for (let n = from; ; n += step) await out.send(ctx, n);
  });
  return out;
}

/** A way into `out` that never makes the sender wait for whoever reads `out`. */
function unbounded(tasks: Tasks, out: SendChan<number>): SendChan<number> {
  const entrance = chan<number>(10);
  tasks.go(async (ctx) => {
    const kept: number[] = [];
    for (;;) {
      const exit = kept.length > 0 ? out : undefined;
      const got = await select(ctx, { value: recv(entrance), sent: send(exit, kept[0] ?? 0) });
      if (got.case === 'value') kept.push(got.value!);
      else kept.shift();
    }
  });
  return entrance;
}

/** Merges the odd multiples of the primes that arrive, in increasing order and each number once, into `composites`. */
function mergeMultiples(tasks: Tasks, primes: RecvChan<number>, composites: SendChan<number>): void {
  const streams: { head: number; rest: RecvChan<number> }[] = [];
  const advancePast = async (limit: number) => {
    for (const stream of streams) while (stream.head <= limit) stream.head = (await stream.rest.recv(tasks.ctx))!;
  };
  tasks.go(async (ctx) => {
    for (;;) {
      const prime = (await primes.recv(ctx))!;
      const square = prime * prime;
      // Every smaller composite has a smaller prime factor, so the streams that are there know them all.
      for (;;) {
        const next = Math.min(...streams.map(({ head }) => head));
        if (!(next < square)) break;
        await composites.send(ctx, next);
        await advancePast(next);
      }
      await composites.send(ctx, square);
      streams.push({ head: square, rest: progression(tasks, square, 2 * prime, 10) });
      await advancePast(square);
    }
  });
}

// Go: test/chan/sieve2.go
test('a feedback loop of channels sieves the primes: the primes found make the composites that find the next', async () => {
  await using tasks = new Tasks();
  const out = chan<number>(10);
  const composites = chan<number>(50);
  const found = chan<number>(10);
  mergeMultiples(tasks, found, composites);
  tasks.go(async (ctx) => {
    for (const known of [2, 3]) await out.send(ctx, known);
    await found.send(ctx, 3);
    const feedback = unbounded(tasks, found);
    const candidates = progression(tasks, 5, 2, 50);
    let candidate = (await candidates.recv(ctx))!;
    for await (const composite of composites.values(ctx)) {
      while (candidate < composite) {
        await feedback.send(ctx, candidate);
        await out.send(ctx, candidate);
        candidate = (await candidates.recv(ctx))!;
      }
      if (candidate === composite) candidate = (await candidates.recv(ctx))!;
    }
  });

  assert.deepEqual(await take(tasks, out, primesTo100.length), primesTo100);
});
