import { type Context, runWith } from '../concurrency/index.ts';
import { isStatusError, StatusError } from '../errors/index.ts';
import type { Handler } from '../service/index.ts';

/**
 * Ends a handler's output stream with its Context, also where the handler waits for something that does not look at it,
 * and makes the Context the current one whenever the handler runs. What was cancelled for a reason of ours (a drain)
 * ends with that reason.
 */
export function endWithContext<I, O>(next: Handler<I, O>): Handler<I, O> {
  return async (ctx, input) => {
    const output = await next(ctx, input);
    return isStream(output) ? (boundStream(ctx, output, (step) => runWith(ctx, step)) as O) : output;
  };
}

/**
 * The stream, ended by the Context: a pending or later `next` then throws, and the source's `return` is called without
 * waiting for it. `enter` runs each step of the source. For one consumer that calls `next` one at a time.
 */
export function boundStream<T>(
  ctx: Context,
  source: AsyncIterable<T>,
  enter: <R>(step: () => R) => R = (step) => step(),
): AsyncIterableIterator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let fail: ((error: unknown) => void) | undefined;
  let ended = false;
  const leave = () => {
    ended = true;
    stop();
    enter(() => iterator.return?.()?.then(undefined, () => {}));
  };
  const stop = ctx.onDone(() => {
    const reject = fail;
    leave();
    reject?.(endOf(ctx));
  });
  return {
    next() {
      if (ended) return ctx.err() === undefined ? Promise.resolve(finished) : Promise.reject(endOf(ctx));
      return new Promise((resolve, reject) => {
        fail = reject;
        enter(() => iterator.next()).then(
          (result) => {
            fail = undefined;
            if (result.done === true) {
              ended = true;
              stop();
            }
            resolve(result);
          },
          (error) => {
            fail = undefined;
            ended = true;
            stop();
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

/** Why the Context ended, for whoever waits on the other side: the reason that we gave, or that it is over. */
export function endOf(ctx: Context): StatusError {
  const cause = ctx.cause();
  if (isStatusError(cause)) {
    const { code, message, reason, domain, metadata } = cause;
    return new StatusError(code, message, { reason, domain, metadata });
  }
  return ctx.err() ?? new StatusError('canceled', 'context canceled');
}

export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

const finished: IteratorReturnResult<undefined> = { done: true, value: undefined };
