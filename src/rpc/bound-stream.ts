import type { Context } from '../concurrency/index.ts';

export interface BoundStreamOptions {
  /** What `next` throws when the Context has ended. Default: what the Context itself throws. */
  readonly end?: (ctx: Context) => unknown;
  /** Runs each step of the source. Default: calls it. */
  readonly enter?: <R>(step: () => R) => R;
}

/**
 * The stream, ended by the Context: a pending or later `next` then throws, and the source's `return` is called without
 * waiting for it, for a source may be stuck. For one consumer that calls `next` one at a time. Holds on to the Context
 * until the stream is read to its end, left with `return`, or ended.
 */
export function boundStream<T>(
  ctx: Context,
  source: AsyncIterable<T>,
  { end = contextEnd, enter = (step) => step() }: BoundStreamOptions = {},
): AsyncIterableIterator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let fail: ((error: unknown) => void) | undefined;
  let ended = false;
  const finish = () => {
    fail = undefined;
    ended = true;
    stop();
  };
  const leave = () => {
    finish();
    enter(() => iterator.return?.())?.then(undefined, () => {});
  };
  const stop = ctx.onDone(() => {
    const reject = fail;
    leave();
    reject?.(end(ctx));
  });
  return {
    next() {
      if (ended) return ctx.err() === undefined ? Promise.resolve(finished) : Promise.reject(end(ctx));
      return new Promise((resolve, reject) => {
        fail = reject;
        enter(() => iterator.next()).then(
          (step) => {
            fail = undefined;
            if (step.done === true) finish();
            resolve(step);
          },
          (error) => {
            finish();
            reject(error);
          },
        );
      });
    },
    return() {
      if (!ended) leave();
      return Promise.resolve(finished);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function contextEnd(ctx: Context): unknown {
  try {
    ctx.throwIfDone();
  } catch (end) {
    return end;
  }
  return ctx.err();
}

const finished: IteratorReturnResult<undefined> = { done: true, value: undefined };
