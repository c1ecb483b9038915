import { type CallFields, setFields } from '../call/index.ts';
import { type CancelContext, type Context, runWith, until } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { instrument } from './instrument.ts';
import { chain, type Handler, type MethodInfo, type Middleware } from './method.ts';

/**
 * Puts together, once, what every transport runs for a call of this method after admission:
 * trace ▸ metrics ▸ log ▸ deadline ▸ the user's middleware ▸ handler, with the call's Context as the current one.
 * What the handler throws comes out as what may leave the service ({@link errors.conceal}); the call's log line has the
 * whole chain and the id.
 *
 * The Context that it takes is {@link callContext}'s.
 */
export function serverCall<I, O>(
  handler: Handler<I, O>,
  method: MethodInfo,
  middleware: readonly Middleware[] = [],
): Handler<I, O> {
  const inner = chain(middleware)(handler, method);
  const single = method.kind === 'unary' || method.kind === 'client_stream';
  return instrument(enter(single ? bounded(inner) : inner), method);
}

/** A call's Context: `base` (the server's, with its telemetry), the fields that came, and the earlier of both time limits. */
export function callContext(
  base: Context,
  head: { readonly fields: CallFields; readonly timeoutMs: number | undefined },
  methodTimeoutMs: number,
): CancelContext {
  const carried = setFields(base, head.fields);
  const limit = Math.min(
    head.timeoutMs ?? Number.POSITIVE_INFINITY,
    methodTimeoutMs === 0 ? Number.POSITIVE_INFINITY : methodTimeoutMs,
  );
  return carried.withTimeout(limit);
}

/** Ends the call when its Context ends, even if the handler does not look at it. What it throws, {@link enter} catches. */
function bounded<I, O>(next: Handler<I, O>): Handler<I, O> {
  return (ctx, input) => {
    ctx.throwIfDone();
    return until(ctx, next(ctx, input));
  };
}

/** Makes the call's Context the current one and hides what must not leave; for a stream, in each of its steps. */
function enter<I, O>(next: Handler<I, O>): Handler<I, O> {
  return async (ctx, input) => {
    try {
      const output = await runWith(ctx, () => next(ctx, input));
      return isStream(output) ? (enterStream(ctx, output) as O) : output;
    } catch (error) {
      throw hide(error);
    }
  };
}

/** By hand, not as a generator: one that has not started yet would not tell the handler's that its reader has left. */
function enterStream<T>(ctx: Context, stream: AsyncIterable<T>): AsyncIterableIterator<T> {
  const iterator = runWith(ctx, () => stream[Symbol.asyncIterator]());
  const step = async (take: () => Promise<IteratorResult<T>>) => {
    try {
      return await runWith(ctx, take);
    } catch (error) {
      throw hide(error);
    }
  };
  return {
    next: () => step(() => iterator.next()),
    return: (value) => step(async () => (await iterator.return?.(value)) ?? { done: true, value }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function hide(error: unknown): errors.StatusError {
  return errors.conceal(error, crypto.randomUUID());
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
