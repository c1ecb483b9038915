import type { Context } from '../../concurrency/index.ts';
import type { Handler } from '../method.ts';

/**
 * Runs a call and tells once when it has ended, with its error if there is one: for a stream with its last message, its
 * failure or when its reader leaves, at the latest with its Context, since a stream may never be read.
 */
export async function runToEnd<I, O>(
  ctx: Context,
  input: I,
  next: Handler<I, O>,
  end: (error: unknown) => void,
): Promise<O> {
  let output: O;
  try {
    output = await next(ctx, input);
  } catch (error) {
    end(error);
    throw error;
  }
  if (isStream(output)) return followed(ctx, output, end) as O;
  end(undefined);
  return output;
}

function followed<T>(ctx: Context, stream: AsyncIterable<T>, end: (error: unknown) => void): AsyncIterableIterator<T> {
  let isOpen = true;
  const close = (error: unknown) => {
    if (!isOpen) return;
    isOpen = false;
    stop();
    end(error);
  };
  const stop = ctx.onDone(() => close(ctx.err()));
  const iterator = stream[Symbol.asyncIterator]();
  return {
    async next() {
      try {
        const taken = await iterator.next();
        if (taken.done === true) close(undefined);
        return taken;
      } catch (error) {
        close(error);
        throw error;
      }
    },
    async return(value) {
      try {
        return (await iterator.return?.(value)) ?? { done: true, value };
      } finally {
        close(undefined);
      }
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Whether an answer lasts for as long as somebody reads it. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
