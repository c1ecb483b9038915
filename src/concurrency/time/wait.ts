import { StatusError } from '../../errors/index.ts';
import type { Context } from '../context/context.ts';

/**
 * Waits `ms` milliseconds, or throws the Context's error when it ends earlier.
 */
export function sleep(ctx: Context, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const early = ctx.err();
    if (early !== undefined) return reject(early);
    const timer = ctx.clock.after(ms, () => {
      stop();
      resolve();
    });
    const stop = ctx.onDone(() => {
      timer.stop();
      reject(endOf(ctx));
    });
  });
}

/**
 * The promise's outcome, or the Context's error when it ends first. The promise itself goes on: give its maker the
 * Context too, so that the work stops and not only the wait.
 */
export function until<T>(ctx: Context, promise: PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = ctx.onDone(() => reject(endOf(ctx)));
    promise.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error) => {
        stop();
        reject(error);
      },
    );
  });
}

function endOf(ctx: Context): StatusError {
  return ctx.err() ?? new StatusError('canceled', 'context canceled');
}
