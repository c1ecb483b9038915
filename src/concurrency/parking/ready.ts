import type { Context } from '../context/context.ts';
import { isKnownDone } from '../context/done-listener.ts';

/**
 * Every so many operations that need not wait, the clock is looked at: a loop of ready ones would miss its deadline.
 * A prime, so that of operations that take turns in a loop not always the same one looks.
 */
const readyPerClockRead = 61;

let ready = 0;

/** Throws if `ctx` is known to have ended: the first step of an operation that may be ready. */
export function refuseDone(ctx: Context): void {
  if (++ready >= readyPerClockRead) {
    ready = 0;
    ctx.throwIfDone();
  } else if (isKnownDone(ctx)) {
    ctx.throwIfDone();
  }
}
