import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { chan } from '../channel/local-channel.ts';
import type { Context } from '../context/context.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { sleep } from '../time/wait.ts';
import { fanIn, type Pipeline, pipeline } from './pipeline.ts';
import { heldCalls, Probe, settle } from './testdata/probe.ts';

failOnLeaks();

const ctx = background();

/** Each stage over numbers, so that what is true of all can be checked on all. */
const stages: Readonly<Record<string, (p: Pipeline<number>) => Pipeline<unknown>>> = {
  map: (p) => p.map((x) => x),
  'map async': (p) => p.map(async (x) => x),
  filter: (p) => p.filter(() => true),
  'filter async': (p) => p.filter(async () => true),
  flatMap: (p) => p.flatMap((x) => [x]),
  'flatMap async': (p) => p.flatMap(async (x) => pipeline(ctx, [x])),
  take: (p) => p.take(1e9),
  batch: (p) => p.batch(1),
  'batch timed': (p) => p.batch(1, 1e9),
  window: (p) => p.window(1),
  fanOut: (p) => p.fanOut(2, async (x) => x),
  'fanOut unordered': (p) => p.fanOut(2, (x) => x, { ordered: false }),
  buffer: (p) => p.buffer(2),
  throttle: (p) => p.throttle(1e6, 1),
  tee: (p) => p.tee(1)[0]!,
  fanIn: (p) => fanIn(ctx, [p]),
  pipeline: (p) => pipeline(ctx, p),
};

const sources: Readonly<Record<string, (probe: Probe) => Iterable<number> | AsyncIterable<number>>> = {
  iterable: (probe) => probe.sync,
  'async iterable': (probe) => probe,
};

for (const [stage, add] of Object.entries(stages)) {
  for (const [source, open] of Object.entries(sources)) {
    test(`${stage} over an ${source}: leaving the loop closes the source once`, async () => {
      const probe = new Probe();
      let seen = 0;

      for await (const _ of add(pipeline(ctx, open(probe)))) if (++seen === 3) break;

      assert.equal(seen, 3);
      assert.equal(probe.returned, 1);
      assert.ok(probe.pulled <= 5, `pulled ${probe.pulled}`);
    });

    test(`${stage} over an ${source}: an error of the source is thrown, and its return is not called`, async () => {
      const probe = new Probe({ failAt: 2 });

      await assert.rejects(add(pipeline(ctx, open(probe))).toArray(), { message: 'source failed' });

      assert.equal(probe.returned, 0);
    });

    test(`${stage} over an ${source}: an error of the terminal is thrown after the source was closed`, async () => {
      const probe = new Probe();
      const failing = add(pipeline(ctx, open(probe))).forEach(() => {
        throw new Error('terminal failed');
      });

      await assert.rejects(failing, { message: 'terminal failed' });

      assert.equal(probe.returned, 1);
    });

    test(`${stage} over an ${source}: a cancel within the loop ends it before the next element`, async () => {
      const probe = new Probe();
      const scope = ctx.withCancel();
      let seen = 0;
      const running = add(pipeline(scope, open(probe))).forEach(() => {
        seen++;
        scope.cancel('enough');
      });

      await assert.rejects(running, { code: 'canceled' });

      assert.equal(seen, 1);
      assert.equal(probe.returned, 1);
    });
  }

  test(`${stage}: the end of the Context ends the wait for a source that never answers, and asks it to return`, async () => {
    const scope = ctx.withCancel();
    let returned = 0;
    const silent: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => {
          returned++;
          return new Promise(() => undefined);
        },
      }),
    };
    const running = add(pipeline(scope, silent)).toArray();
    await settle();

    scope.cancel();

    await assert.rejects(running, { code: 'canceled' });
    assert.equal(returned, 1);
  });

  test(`${stage}: the end of the Context ends the wait for a channel, which stays open and has no waiter`, async () => {
    const scope = ctx.withCancel();
    const numbers = chan<number>();
    const running = add(pipeline(scope, numbers)).toArray();
    await settle();

    scope.cancel();

    await assert.rejects(running, { code: 'canceled' });
    assert.equal(numbers.isClosed, false);
    assert.equal(numbers.trySend(1), false);
  });

  test(`${stage}: a Context that has ended pulls nothing, and closes the source`, async () => {
    const scope = ctx.withCancel();
    scope.cancel();
    const probe = new Probe();

    await assert.rejects(add(pipeline(scope, probe)).toArray(), { code: 'canceled' });

    assert.deepEqual([probe.pulled, probe.returned], [0, 1]);
  });

  test(`${stage}: a deadline ends it and leaves no timer`, async () => {
    const clock = virtualClock();
    const running = add(pipeline(rootContext(clock).withTimeout(50), chan<number>())).toArray();
    const outcome = assert.rejects(running, { code: 'deadline_exceeded' });

    await clock.advance(50);

    await outcome;
    assert.equal(clock.pending, 0);
  });
}

for (const [stage, add] of Object.entries(stages)) {
  test(`${stage}: the end of the elements leaves no timer, nor does a loop that is left`, async () => {
    const clock = virtualClock();
    const scope = rootContext(clock).withTimeout(1e6);

    await add(pipeline(scope, new Probe({ count: 3 }))).toArray();
    for await (const _ of add(pipeline(scope, new Probe()))) break;

    assert.equal(clock.pending, 0);
  });
}

test('nothing is asked of the source before a terminal pulls', async () => {
  const probe = new Probe({ count: 1 });
  const mapped = pipeline(ctx, probe).map((x) => x);
  await settle();

  assert.equal(probe.pulled, 0);
  assert.deepEqual(await mapped.toArray(), [0]);
});

test('a pipeline is taken once, and the error names who took it', async () => {
  const numbers = pipeline(ctx, [1]);
  await numbers.toArray();

  const taken = { code: 'failed_precondition', reason: 'PIPELINE_TAKEN', message: /toArray/ };
  assert.throws(() => numbers.map((x) => x), taken);
  await assert.rejects(
    numbers.forEach(() => {}),
    taken,
  );
  assert.throws(() => numbers[Symbol.asyncIterator](), taken);
  assert.throws(() => pipeline(ctx, numbers), taken);
});

test('a bad argument throws at once, and leaves the pipeline as it is', async () => {
  const numbers = pipeline(ctx, [1]);

  assert.throws(() => numbers.take(-1), RangeError);
  assert.throws(() => numbers.batch(0), { name: 'RangeError', message: /batch: the size is 0/ });
  assert.throws(() => numbers.batch(1, -1), RangeError);
  assert.throws(() => numbers.window(1, { step: 0 }), RangeError);
  assert.throws(() => numbers.fanOut(1.5, (x) => x), RangeError);
  assert.throws(() => numbers.buffer(0), RangeError);
  assert.throws(() => numbers.throttle(1, Number.NaN), RangeError);
  assert.throws(() => numbers.tee(0), RangeError);
  assert.throws(() => numbers.tee(1, { buffer: 0 }), RangeError);
  assert.throws(() => pipeline(ctx, 5 as unknown as number[]), { name: 'TypeError', message: /source is 5/ });
  assert.throws(() => pipeline(ctx, {} as unknown as number[]), TypeError);
  assert.deepEqual(await numbers.toArray(), [1]);
});

test('undefined is an element like any other', async () => {
  assert.deepEqual(await pipeline(ctx, [undefined, null, 0]).toArray(), [undefined, null, 0]);
});

test('an async function of map is awaited before the next element is pulled', async () => {
  const probe = new Probe({ count: 2 });
  const { fn, calls } = heldCalls();
  const running = pipeline(ctx, probe.sync).map(fn).toArray();
  await settle();

  assert.equal(probe.pulled, 1);
  calls[0]!.resolve(10);
  await settle();
  calls[1]!.resolve(11);

  assert.deepEqual(await running, [10, 11]);
});

/** A query, as some clients of databases make them: typed as a promise, no promise, and it runs when it is awaited. */
function query<T>(run: () => T): Promise<T> {
  const lazy: PromiseLike<T> = {
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    then: (onDone, onFailed) => Promise.resolve().then(run).then(onDone, onFailed),
  };
  return lazy as Promise<T>;
}

for (const [what, run] of Object.entries<(p: Pipeline<number>) => Promise<unknown>>({
  map: (p) => p.map((x) => query(() => x * 2)).toArray(),
  'map behind an async one': (p) =>
    p
      .map(async (x) => x * 2)
      .map((x) => query(() => x))
      .toArray(),
  filter: (p) =>
    p
      .map((x) => x * 2)
      .filter((x) => query(() => x > 2))
      .toArray(),
  fanOut: (p) => p.fanOut(2, (x) => query(() => x * 2)).toArray(),
  reduce: async (p) => [await p.reduce((sum, x) => query(() => sum + x), 0)],
  flatMap: (p) => p.flatMap((x) => query(() => [x, x])).toArray(),
  source: (p) => p.flatMap((x) => [query(() => x * 2)]).toArray(),
  forEach: async (p) => {
    const seen: number[] = [];
    const insert = (x: number) => query(() => seen.push(x * 2));
    await p.forEach(insert);
    return seen;
  },
})) {
  test(`a thenable counts as a promise: ${what}`, async () => {
    const expected: Record<string, unknown> = { filter: [4], reduce: [3], flatMap: [1, 1, 2, 2] };

    assert.deepEqual(await run(pipeline(ctx, [1, 2])), expected[what] ?? [2, 4]);
  });
}

test('take pulls no more than it gives, and its terminal closes the source', async () => {
  const probe = new Probe();

  const items = await pipeline(ctx, probe).take(3).toArray();

  assert.deepEqual([items, probe.pulled, probe.returned], [[0, 1, 2], 3, 1]);
});

test('a synchronous run gives the event loop turns, also where a filter drops all', async () => {
  let turns = 0;
  let left = 10_000;
  const count = () => {
    turns++;
    if (left > 0) setImmediate(count);
  };
  setImmediate(count);

  await pipeline(ctx, new Probe({ count: 10_000 }).sync)
    .filter(() => left-- < 0)
    .toArray();

  assert.ok(turns >= 9, `${turns} turns`);
});

test('a synchronous run notices a deadline that passes meanwhile', async () => {
  let now = 0;
  const scope = rootContext({ ...virtualClock(), now: () => now }).withTimeout(1_000);

  const endless = pipeline(scope, new Probe().sync).forEach(() => {
    now++;
  });

  await assert.rejects(endless, { code: 'deadline_exceeded' });
  assert.ok(now <= 1_064, `${now}`);
});

test('a function that runs gets the Context of the pipeline, which ends with it', async () => {
  const contexts: Context[] = [];
  await pipeline(ctx, [1])
    .map((x, scope) => {
      contexts.push(scope);
      assert.equal(scope.err(), undefined);
      return x;
    })
    .toArray();

  assert.equal(contexts[0]!.err()?.code, 'canceled');
});

test('leaving a loop while an element is pulled waits for the function that runs, and pulls no more', async () => {
  const { fn, calls } = heldCalls();
  const probe = new Probe();
  const iterator = pipeline(ctx, probe).map(fn)[Symbol.asyncIterator]();
  const next = iterator.next();
  await settle();
  let isLeft = false;
  const leaving = iterator.return!().then(() => {
    isLeft = true;
  });
  await settle();

  assert.equal(isLeft, false);
  calls[0]!.resolve(1);
  await leaving;

  assert.deepEqual(await next, { value: 1, done: false });
  assert.equal(probe.returned, 1);
  assert.deepEqual(await iterator.next(), { value: undefined, done: true });
});

test('calls of next that do not wait for each other get the elements in order', async () => {
  const iterator = pipeline(ctx, new Probe({ count: 3 }))
    .map(async (x) => x)
    [Symbol.asyncIterator]();

  const results = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);

  assert.deepEqual(
    results.map(({ value }) => value),
    [0, 1, 2, undefined],
  );
});

test('return waits for an end that is under way', async () => {
  const closing = Promise.withResolvers<IteratorResult<number>>();
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ value: 1, done: false }),
      return: () => closing.promise,
    }),
  };
  const loop = pipeline(ctx, source).take(1)[Symbol.asyncIterator]();
  await loop.next();
  const ending = loop.next();
  await settle();

  let hasReturned = false;
  const returning = loop.return!().then(() => {
    hasReturned = true;
  });
  await settle();
  const hadReturned = hasReturned;
  closing.resolve({ value: undefined, done: true });
  await Promise.all([ending, returning]);

  assert.equal(hadReturned, false);
});

test('an error of return is thrown where nothing else went wrong, and hidden by the error before it', async () => {
  const source = (): AsyncIterable<number> => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ value: 1, done: false }),
      return: async () => {
        throw new Error('return failed');
      },
    }),
  });

  await assert.rejects(pipeline(ctx, source()).take(1).toArray(), { message: 'return failed' });
  const failing = pipeline(ctx, source()).forEach(() => {
    throw new Error('first');
  });
  await assert.rejects(failing, { message: 'first' });
});

test('a source that gives no iterator result is refused', async () => {
  const source = { [Symbol.asyncIterator]: () => ({ next: async () => 5 }) } as unknown as AsyncIterable<number>;

  await assert.rejects(pipeline(ctx, source).toArray(), { name: 'TypeError', message: /gave 5/ });
});

test('flatMap closes the inner source and the outer one when it is left', async () => {
  const outer = new Probe();
  const inner = new Probe();

  for await (const _ of pipeline(ctx, outer).flatMap(() => inner)) break;

  assert.deepEqual([outer.returned, inner.returned], [1, 1]);
});

test('a pipeline within a pipeline ends with the outer Context, and its functions with it', async () => {
  const scope = ctx.withCancel();
  let inner: Context | undefined;
  const running = pipeline(scope, [1])
    .flatMap(() =>
      pipeline(ctx, [2]).map((_, own) => {
        inner = own;
        return sleep(own, 1e9);
      }),
    )
    .toArray();
  await settle();

  scope.cancel();

  await assert.rejects(running, { code: 'canceled' });
  assert.equal(inner!.err()?.code, 'canceled');
});

test('a throttle lets at most so many elements pass in any such time, and drops none', async () => {
  const clock = virtualClock();
  const root = rootContext(clock);
  const probe = new Probe({ count: 7 });
  const times: number[] = [];
  const running = pipeline(root, probe.sync)
    .throttle(3, 100)
    .forEach(() => {
      times.push(clock.now());
    });

  await clock.advance(0);
  assert.equal(probe.pulled, 4);
  await clock.advance(1_000);
  await running;

  assert.deepEqual(times, [0, 0, 0, 100, 100, 100, 200]);
  assert.equal(clock.pending, 0);
});

test('a throttle that is canceled while it waits leaves no timer', async () => {
  const clock = virtualClock();
  const scope = rootContext(clock).withCancel();
  const probe = new Probe();
  const running = pipeline(scope, probe).throttle(1, 100).toArray();
  await settle();
  assert.equal(clock.pending, 1);

  scope.cancel();

  await assert.rejects(running, { code: 'canceled' });
  assert.deepEqual([clock.pending, probe.returned], [0, 1]);
});

test('a buffer pulls ahead by its size while the consumer is busy, and no further', async () => {
  const probe = new Probe();
  const { fn, calls } = heldCalls();
  const running = pipeline(ctx, probe).buffer(3).take(2).map(fn).toArray();
  await settle();

  assert.equal(probe.pulled, 1 + 3);
  calls[0]!.resolve(0);
  await settle();
  assert.equal(probe.pulled, 2 + 3);
  calls[1]!.resolve(1);

  assert.deepEqual(await running, [0, 1]);
  assert.equal(probe.returned, 1);
});

test('an error of the source comes behind the elements that a buffer holds', async () => {
  const seen: number[] = [];

  const running = pipeline(ctx, new Probe({ failAt: 3 }))
    .buffer(10)
    .forEach(async (x) => {
      await settle();
      seen.push(x);
    });

  await assert.rejects(running, { message: 'source failed' });
  assert.deepEqual(seen, [0, 1, 2]);
});
