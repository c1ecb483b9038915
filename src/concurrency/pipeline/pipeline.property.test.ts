import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { failOnLeaks } from '../../testing/leaks.ts';
import { chan } from '../channel/local-channel.ts';
import type { Context } from '../context/context.ts';
import { background, isContextError } from '../context/context-tree.ts';
import { fanIn, type Pipeline, pipeline } from './pipeline.ts';
import type { Source } from './source.ts';
import { Probe } from './testdata/probe.ts';

failOnLeaks();

type Numbers = Pipeline<number>;
type NumberFn<R> = (x: number) => R;

/** A stage, and what it does to a plain array. `lift` makes the stage's function synchronous or asynchronous. */
interface Step {
  readonly name: string;
  stage(p: Numbers): Numbers;
  oracle(items: number[]): number[];
}

const sum = (items: readonly number[]): number => items.reduce((a, b) => a + b, 0);
const odd = (x: number): boolean => x % 2 !== 0;
const spread = (x: number): number[] => Array.from({ length: Math.abs(x) % 3 }, (_, i) => x + i);

function chunks(items: number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function windows(items: number[], size: number, step: number): number[][] {
  const all: number[][] = [];
  for (let i = 0; i + size <= items.length; i += step) all.push(items.slice(i, i + size));
  return all;
}

/** `fn` as it is, or one that answers after 0 to 3 microtasks, depending on the element. */
function lift<R>(isAsync: boolean, fn: NumberFn<R>): NumberFn<R | Promise<R>> {
  if (!isAsync) return fn;
  return async (x) => {
    for (let i = Math.abs(x) % 4; i > 0; i--) await undefined;
    return fn(x);
  };
}

async function* asyncOf(items: Iterable<number>): AsyncGenerator<number> {
  yield* items;
}

const small = fc.integer({ min: 1, max: 5 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.boolean().map((isAsync) => ({
    name: `map ${isAsync}`,
    stage: (p: Numbers) => p.map(lift(isAsync, (x) => x * 3 + 1)),
    oracle: (items: number[]) => items.map((x) => x * 3 + 1),
  })),
  fc.boolean().map((isAsync) => ({
    name: `filter ${isAsync}`,
    stage: (p: Numbers) => p.filter(lift(isAsync, odd)),
    oracle: (items: number[]) => items.filter(odd),
  })),
  fc.tuple(fc.boolean(), fc.constantFrom('array', 'async', 'pipeline')).map(([isAsync, inner]) => ({
    name: `flatMap ${isAsync} ${inner}`,
    stage: (p: Numbers) =>
      p.flatMap(
        lift(isAsync, (x): Source<number> => {
          const items = spread(x);
          if (inner === 'array') return items;
          return inner === 'async' ? asyncOf(items) : pipeline(background(), items).map((y) => y);
        }),
      ),
    oracle: (items: number[]) => items.flatMap(spread),
  })),
  fc.integer({ min: 0, max: 30 }).map((n) => ({
    name: `take ${n}`,
    stage: (p: Numbers) => p.take(n),
    oracle: (items: number[]) => items.slice(0, n),
  })),
  fc.tuple(small, fc.boolean()).map(([n, isTimed]) => ({
    name: `batch ${n} ${isTimed}`,
    stage: (p: Numbers) => (isTimed ? p.batch(n, 1e9) : p.batch(n)).map(sum),
    oracle: (items: number[]) => chunks(items, n).map(sum),
  })),
  fc.tuple(small, small).map(([n, step]) => ({
    name: `window ${n} ${step}`,
    stage: (p: Numbers) => p.window(n, { step }).map(sum),
    oracle: (items: number[]) => windows(items, n, step).map(sum),
  })),
  fc.tuple(small, fc.boolean()).map(([n, isAsync]) => ({
    name: `fanOut ${n} ${isAsync}`,
    stage: (p: Numbers) =>
      p.fanOut(
        n,
        lift(isAsync, (x) => x - 7),
      ),
    oracle: (items: number[]) => items.map((x) => x - 7),
  })),
  small.map((n) => ({
    name: `buffer ${n}`,
    stage: (p: Numbers) => p.buffer(n),
    oracle: (items: number[]) => items,
  })),
  fc.constant({
    name: 'throttle',
    stage: (p: Numbers) => p.throttle(1_000_000, 1),
    oracle: (items: number[]) => items,
  }),
  fc.constant({
    name: 'tee and leave one',
    stage: (p: Numbers) => {
      const [kept, left] = p.tee(2) as [Numbers, Numbers];
      void left.close();
      return kept;
    },
    oracle: (items: number[]) => items,
  }),
  fc.constant({
    name: 'fanIn of one',
    stage: (p: Numbers) => fanIn(background(), [p]),
    oracle: (items: number[]) => items,
  }),
);

const anySource = fc.tuple(
  fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 25 }),
  fc.constantFrom('array', 'promises', 'async', 'chan', 'pipeline', 'stream'),
);

/** A source of `items`; what it starts ends with `ctx` at the latest. */
function sourceOf(ctx: Context, items: number[], kind: string): Source<number> {
  if (kind === 'promises') return items.map((x) => Promise.resolve(x));
  if (kind === 'async') return asyncOf(items);
  if (kind === 'pipeline') return pipeline(background(), items);
  if (kind === 'stream') return ReadableStream.from(items) as AsyncIterable<number>;
  if (kind !== 'chan') return items;
  const numbers = chan<number>(2);
  const send = async () => {
    for (const x of items) await numbers.send(ctx, x);
    numbers.close();
  };
  send().catch((error) => assert.ok(isContextError(error)));
  return numbers;
}

async function byLoop(p: Numbers): Promise<number[]> {
  const items: number[] = [];
  for await (const x of p) items.push(x);
  return items;
}

async function byChan(p: Numbers): Promise<number[]> {
  const out = chan<number>(1);
  const [items] = await Promise.all([pipeline(background(), out).toArray(), p.to(out)]);
  return items;
}

test('every composition of stages gives what the same functions on an array give', async () => {
  const terminals = { toArray: (p: Numbers) => p.toArray(), byLoop, byChan };
  const property = fc.asyncProperty(
    anySource,
    fc.array(anyStep, { maxLength: 5 }),
    fc.constantFrom(...(Object.keys(terminals) as (keyof typeof terminals)[])),
    async ([items, kind], steps, terminal) => {
      using ctx = background().withCancel();
      const whole = steps.reduce((p, step) => step.stage(p), pipeline(background(), sourceOf(ctx, items, kind)));
      const got = await terminals[terminal](whole);
      assert.deepEqual(
        got,
        steps.reduce((all, step) => step.oracle(all), items),
        steps.map(({ name }) => name).join(', '),
      );
    },
  );

  // A failure prints its seed and path.
  await fc.assert(property, { numRuns: 1_000 });
});

test('without order, in several branches or from several sources, no element is lost or doubled', async () => {
  const ascending = (items: number[]) => items.toSorted((a, b) => a - b);
  const property = fc.asyncProperty(anySource, anySource, small, small, async ([a, kindA], [b, kindB], n, branches) => {
    using ctx = background().withCancel();
    const merged = fanIn(background(), [sourceOf(ctx, a, kindA), sourceOf(ctx, b, kindB)]);
    const mapped = merged.fanOut(
      n,
      lift(true, (x) => x + 1),
      { ordered: false },
    );
    const all = await Promise.all(mapped.tee(branches, { buffer: n }).map((branch) => branch.toArray()));

    const expected = ascending([...a, ...b].map((x) => x + 1));
    for (const items of all) {
      assert.deepEqual(ascending(items), expected);
      assert.deepEqual(items, all[0]);
    }
  });

  await fc.assert(property, { numRuns: 300 });
});

test('every composition ends soon after its Context, or its loop, did, and closes the source', async () => {
  const property = fc.asyncProperty(
    fc.array(anyStep, { maxLength: 5 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 1, max: 20 }),
    async (steps, isSync, cancelAt, leaveAt) => {
      const scope = background().withCancel();
      const probe = new Probe({
        onPull: (pulled) => {
          if (pulled === cancelAt) scope.cancel();
        },
      });
      const source = isSync ? probe.sync : probe;
      let seen = 0;
      let failure: unknown;
      try {
        const whole = steps.reduce((p, step) => step.stage(p), pipeline(scope, source));
        for await (const _ of whole) if (++seen === leaveAt) break;
      } catch (error) {
        failure = error;
      }

      if (failure !== undefined) assert.equal((failure as { code?: string }).code, 'canceled');
      assert.ok(probe.pulled <= cancelAt, `${probe.pulled} pulled`);
      // Also where it ended before its first pull, by `take(0)`.
      assert.equal(probe.returned, 1);
    },
  );

  await fc.assert(property, { numRuns: 500 });
});
