import type { Context } from '../context/context.ts';
import { Waiting } from '../parking/waiting.ts';
import type { Timer } from './clock.ts';

/**
 * Waits `ms` milliseconds (0 or less: until a later turn of the event loop), or throws the Context's error when it ends
 * earlier.
 */
export function sleep(ctx: Context, ms: number): Promise<void> {
  if (Number.isNaN(ms)) return Promise.reject(new RangeError('sleep: NaN is not a number of milliseconds'));
  const early = ctx.err();
  if (early !== undefined) return Promise.reject(early);
  return new Sleeping(ctx, ms).begin();
}

class Sleeping extends Waiting<void> {
  readonly #ms: number;
  readonly #timer: Timer;

  constructor(ctx: Context, ms: number) {
    super(ctx);
    this.#ms = ms;
    this.#timer = ctx.clock.after(ms, () => this.deliver());
  }

  describe(): string {
    return `sleep of ${this.#ms} ms`;
  }

  protected leave(): void {
    this.#timer.stop();
  }
}

/**
 * The promise's outcome, or the Context's error when it ends first. The promise itself goes on: give its maker the
 * Context too, so that the work stops and not only the wait.
 */
export function until<T>(ctx: Context, promise: PromiseLike<T>): Promise<T> {
  // A promise that is settled already counts, also under a Context that has ended: only a wait is cut short.
  const early = ctx.err();
  if (early !== undefined) return Promise.race([promise, Promise.reject(early)]);
  return new Until(ctx, promise).begin();
}

class Until<T> extends Waiting<T> {
  #isWaiting = true;

  constructor(ctx: Context, promise: PromiseLike<T>) {
    super(ctx);
    Promise.resolve(promise).then(
      (value) => {
        if (this.#isWaiting) this.deliver(value);
      },
      (error: unknown) => {
        if (this.#isWaiting) this.fail(error);
      },
    );
  }

  describe(): string {
    return 'until a promise settles';
  }

  protected leave(): void {
    this.#isWaiting = false;
  }
}
