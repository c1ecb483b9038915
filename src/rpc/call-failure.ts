import type { Context } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { fromConnectError } from './error-codec.ts';

/** What a caller is told: the end of its own Context, which comes before all that followed from it, or what went wrong. */
export function failureOf(ctx: Context, thrown: unknown): errors.StatusError {
  if (ctx.err() === undefined) return fromConnectError(thrown);
  try {
    ctx.throwIfDone();
  } catch (end) {
    return errors.from(end);
  }
  return fromConnectError(thrown);
}
