import type { Context } from '../concurrency/index.ts';
import { isStatusError, StatusError } from '../errors/index.ts';
import type { Handler } from '../service/index.ts';
import { boundStream, isStream } from './bound-stream.ts';

/**
 * Ends a handler's output stream with its Context, also where the handler waits for something that does not look at it,
 * and makes the Context the current one whenever the handler runs.
 */
export function endWithContext<I, O>(next: Handler<I, O>): Handler<I, O> {
  return async (ctx, input) => {
    const output = await next(ctx, input);
    if (!isStream(output)) return output;
    return boundStream(ctx, output, { end: endOf }) as O;
  };
}

/** Why a call's Context ended, for the caller: the reason that the server gave (a drain), or that it is over. */
export function endOf(ctx: Context): StatusError {
  const cause = ctx.cause();
  const { code, message, reason, domain, metadata } = isStatusError(cause)
    ? cause
    : (ctx.err() ?? new StatusError('canceled', 'context canceled'));
  return new StatusError(code, message, { reason, domain, metadata });
}
