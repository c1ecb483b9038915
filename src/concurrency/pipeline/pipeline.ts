import { StatusError } from '../../errors/index.ts';
import type { Item, SendChan } from '../channel/channel.ts';
import type { Context } from '../context/context.ts';
import { isThenable } from '../parking/thenable.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { BufferStage } from './buffer-stage.ts';
import { BatchStage, TakeStage, WindowStage } from './counting-stages.ts';
import { drain, Iteration } from './drain.ts';
import { ElementStage } from './element-stage.ts';
import { FanInStage } from './fan-in-stage.ts';
import { FanOutStage } from './fan-out-stage.ts';
import { FlatMapStage } from './flat-map-stage.ts';
import { LentStage, mapReduce } from './map-reduce.ts';
import type {
  ElementFn,
  FanOutOptions,
  MapReduceOptions,
  TeeOptions,
  ToArrayOptions,
  ToOptions,
  WindowOptions,
} from './options.ts';
import { Run } from './run.ts';
import { openSource, type Source } from './source.ts';
import { type Adoptable, type Adopted, adopt, checkWhole, type Stage } from './stage.ts';
import { teeStages } from './tee-stage.ts';
import { ThrottleStage } from './throttle-stage.ts';
import { TimedBatchStage } from './timed-batch-stage.ts';

export type * from './options.ts';

/**
 * A pipeline: stages that elements are pulled through, one at a time, by the terminal at its end (`forEach`, `toArray`,
 * `reduce`, `mapReduce`, `to`, or a `for await` loop). Nothing happens before that. Made by `pipeline` and `fanIn`.
 *
 * - Stages whose functions are synchronous cost calls, and no promise. A function that gives a promise is awaited before
 *   the next element is pulled; only `fanOut`, `buffer`, `batch` with a time, `tee` and `fanIn` add concurrency, each with
 *   the bound that it states. A stage that states none holds nothing between two pulls.
 * - Single use: a stage or terminal takes the pipeline over, and a second one throws `failed_precondition`, reason
 *   `PIPELINE_TAKEN`.
 * - An error, leaving the loop, or the end of the Context ends all of it: functions that run get a canceled Context (its
 *   cause is the error) and are waited for, the source is closed, also if it was never pulled (`return` of an iterator is
 *   awaited; a channel is left as it is), and then the first error is thrown. Elements on the way are dropped.
 * - When the Context ends, all waits end at once. Where the source is asked for an element and does not answer, its
 *   `return` is called and not waited for. A function that does not heed its Context delays the end.
 */
export class Pipeline<T> implements AsyncIterable<T>, AsyncDisposable, Adoptable<T> {
  readonly #run: Run;
  readonly #stage: Stage<T>;
  #takenBy: string | undefined;

  /** Use `pipeline` or `fanIn`. */
  constructor({ run, stage }: Adopted<T>) {
    this.#run = run;
    this.#stage = stage;
  }

  /** What `fn` gives for each element. */
  map<R>(fn: ElementFn<T, R>): Pipeline<R> {
    return this.#then('map', (stage, { scope }) => ElementStage.map(stage, scope, fn));
  }

  /** The elements that `fn` gives a truthy value for. */
  filter<S extends T>(fn: (item: T, ctx: Context) => item is S): Pipeline<S>;
  filter(fn: ElementFn<T, unknown>): Pipeline<T>;
  filter(fn: ElementFn<T, unknown>): Pipeline<T> {
    return this.#then('filter', (stage, { scope }) => ElementStage.filter(stage, scope, fn));
  }

  /** All elements of what `fn` gives for each: an iterable, an async iterable, a channel or a pipeline, one after another. */
  flatMap<R>(fn: ElementFn<T, Source<R>>): Pipeline<R> {
    return this.#then('flatMap', (stage, run) => new FlatMapStage(stage, run, fn));
  }

  /** The first `count` elements (from 0). It pulls no more than these; what is before it ends when the terminal has them. */
  take(count: number): Pipeline<T> {
    checkWhole('take: the count', count, 0);
    return this.#then('take', (stage) => new TakeStage(stage, count));
  }

  /**
   * Arrays of `size` elements, the last one shorter; with `ms` also shorter ones, when `ms` milliseconds have passed since
   * the batch got its first element. A batch is open only while someone pulls: behind a slow consumer put `buffer(size)`
   * before it. Holds up to `size` elements. Those of an unfinished batch are dropped by an error.
   */
  batch(size: number, ms?: number): Pipeline<T[]> {
    checkWhole('batch: the size', size, 1);
    if (ms === undefined) return this.#then('batch', (stage) => new BatchStage(stage, size));
    checkMs('batch: the time', ms);
    return this.#then('batch', (stage, run) => new TimedBatchStage(stage, run, size, ms));
  }

  /** Each `size` elements in a row, as an array; a row that the end cuts short is not given. Holds up to `size` elements. */
  window(size: number, { step = 1 }: WindowOptions = {}): Pipeline<T[]> {
    checkWhole('window: the size', size, 1);
    checkWhole('window: the step', step, 1);
    return this.#then('window', (stage) => new WindowStage(stage, size, step));
  }

  /**
   * As `map`, with up to `size` calls at a time. Holds up to `size` elements: those whose `fn` runs, and those whose result
   * waits to be pulled. Ordered, a slow call therefore holds up those behind it once `size` - 1 of them are done.
   *
   * The first error ends the pipeline at once, also for results that wait.
   */
  fanOut<R>(size: number, fn: ElementFn<T, R>, { ordered = true }: FanOutOptions = {}): Pipeline<R> {
    checkWhole('fanOut: the size', size, 1);
    return this.#then('fanOut', (stage, run) => new FanOutStage(stage, run, size, fn, ordered));
  }

  /**
   * Pulls ahead, from the first pull on, while the consumer is busy. Holds up to `size` elements, the one that is being
   * pulled among them. An error of the source comes behind the elements before it.
   */
  buffer(size: number): Pipeline<T> {
    checkWhole('buffer: the size', size, 1);
    return this.#then('buffer', (stage, run) => new BufferStage(stage, run, size));
  }

  /**
   * Lets at most `count` elements pass in any `perMs` milliseconds. The next one waits, and with it all before it: none is
   * dropped. Holds that one element, and the times of the last `count`.
   */
  throttle(count: number, perMs: number): Pipeline<T> {
    checkWhole('throttle: the count', count, 1);
    checkMs('throttle: the time', perMs);
    return this.#then('throttle', (stage, { scope }) => new ThrottleStage(stage, scope, count, perMs));
  }

  /**
   * `count` pipelines that each get every element (the same object). The slowest gives the pace: a branch waits when it is
   * `buffer` elements ahead, so consume them concurrently. Holds up to `buffer` elements per branch. A branch that ends
   * early is forgotten; one that nobody consumes holds up the others until it is closed. When all have left, what is
   * before them ends. An error before them reaches all; an error in a branch ends that branch.
   */
  tee(count: number, { buffer = 1 }: TeeOptions = {}): Pipeline<T>[] {
    checkWhole('tee: the count', count, 1);
    checkWhole('tee: the buffer', buffer, 1);
    return teeStages(this[adopt]('tee'), count, buffer).map((branch) => new Pipeline(branch));
  }

  /** Calls `fn` with each element, one at a time. */
  forEach(fn: ElementFn<T, unknown>): Promise<void> {
    const { scope } = this.#run;
    return this.#drain('forEach', (item) => fn(item, scope));
  }

  /** All elements. */
  async toArray({ max = 1_000_000 }: ToArrayOptions = {}): Promise<T[]> {
    checkWhole('toArray: max', max, 0);
    const items: T[] = [];
    await this.#drain('toArray', (item) => {
      if (items.length === max) throw tooMany(max);
      items.push(item);
    });
    return items;
  }

  /** `fn` of `fn` of `initial` and the first element, and the second, and so on. */
  async reduce<R>(fn: (result: R, item: T, ctx: Context) => R | PromiseLike<R>, initial: R): Promise<R> {
    const { scope } = this.#run;
    let result = initial;
    await this.#drain('reduce', (item) => {
      const next = fn(result, item, scope);
      if (isThenable(next)) return next.then((value) => (result = value));
      result = next;
    });
    return result;
  }

  /**
   * Runs `map` for up to `concurrency` elements at a time, and `reduce` on a pipeline of what they give, in the order in
   * which they end. Gives what `reduce` gives; when that has returned, what it did not pull is canceled and waited for. The
   * first error, of `map` also where `reduce` caught it, ends all and is thrown.
   */
  async mapReduce<M, R>(
    map: ElementFn<T, M>,
    reduce: (values: Pipeline<M>, ctx: Context) => Awaitable<R>,
    { concurrency = 16 }: MapReduceOptions = {},
  ): Promise<R> {
    checkWhole('mapReduce: the concurrency', concurrency, 1);
    const { run, stage } = this[adopt]('mapReduce');
    const lent = new LentStage(new FanOutStage(stage, run, concurrency, map, false));
    return await mapReduce(run, lent, new Pipeline({ run, stage: lent }), reduce);
  }

  /**
   * Sends all elements to `chan`, and waits while it has no room. By default it closes the channel at the end, as the one
   * who sends. An element that is undefined throws TypeError, as `send` does.
   */
  async to(chan: SendChan<T & Item>, { close = true }: ToOptions = {}): Promise<void> {
    const { scope } = this.#run;
    const adopted = this[adopt]('to');
    try {
      await drain(adopted, (item) => chan.send(scope, item as T & Item));
    } finally {
      if (close && !chan.isClosed) chan.close();
    }
  }

  /** One loop over all elements. Leaving it ends the pipeline, and waits for that. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new Iteration(this[adopt]('a loop'));
  }

  /** Gives up a pipeline, such as a branch of a tee, that nothing has taken; otherwise does nothing. */
  async close(): Promise<void> {
    if (this.#takenBy !== undefined) return;
    const { run, stage } = this[adopt]('close');
    run.end();
    await stage.close();
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  [adopt](by: string): Adopted<T> {
    if (this.#takenBy !== undefined)
      throw new StatusError(
        'failed_precondition',
        `${by}: the pipeline has been taken by ${this.#takenBy} already; use tee to consume elements twice`,
        { reason: 'PIPELINE_TAKEN' },
      );
    this.#takenBy = by;
    return { run: this.#run, stage: this.#stage };
  }

  #then<R>(by: string, build: (stage: Stage<T>, run: Run) => Stage<R>): Pipeline<R> {
    const { run, stage } = this[adopt](by);
    return new Pipeline({ run, stage: build(stage, run) });
  }

  async #drain(by: string, each: (item: T) => unknown): Promise<void> {
    await drain(this[adopt](by), each);
  }
}

/**
 * Makes a pipeline that reads `source`: an iterable, an async iterable such as a stream, the receiving side of a channel, or
 * another pipeline. Synchronous runs give the event loop a turn every 1,024 elements or 5 ms.
 *
 *     const rows = await pipeline(ctx, ids)
 *       .fanOut(8, (id, ctx) => load(ctx, id))
 *       .filter((row) => row.isActive)
 *       .toArray();
 */
export function pipeline<T>(ctx: Context, source: Source<T>): Pipeline<T> {
  const run = new Run(ctx);
  return new Pipeline({ run, stage: openSource(run, source) });
}

/**
 * Merges sources by readiness: an element that is there is given at once, and of several ready sources the one that was
 * served last comes last. Asks every source for one element at a time, so it holds up to one per source. The first error
 * ends all.
 */
export function fanIn<T>(ctx: Context, sources: Iterable<Source<T>>): Pipeline<T> {
  const run = new Run(ctx);
  const stages = Array.from(sources, (source) => openSource(run, source));
  return new Pipeline({ run, stage: new FanInStage(stages, run) });
}

function checkMs(what: string, ms: number): void {
  if (!(ms > 0 && ms < Number.POSITIVE_INFINITY))
    throw new RangeError(`${what} is ${ms}, which is not a number of milliseconds above 0`);
}

function tooMany(max: number): StatusError {
  return new StatusError(
    'resource_exhausted',
    `toArray: more than ${max} elements; raise max, or consume them in a loop`,
    {
      reason: 'PIPELINE_TOO_LONG',
    },
  );
}
