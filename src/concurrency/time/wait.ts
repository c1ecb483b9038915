import type { Context } from '../context/context.ts';
import { park } from '../parking/park.ts';
import { type Settlement, settlementOf } from '../parking/settlement.ts';
import { Waiting } from '../parking/waiting.ts';
import type { Timer } from './clock.ts';

/**
 * Waits `ms` milliseconds (0 or less: until a later turn of the event loop), or throws the Context's error when it ends
 * earlier.
 */
export function sleep(ctx: Context, ms: number): Promise<void> {
  if (Number.isNaN(ms)) return Promise.reject(new RangeError('sleep: NaN is not a number of milliseconds'));
  try {
    ctx.throwIfDone();
  } catch (error) {
    return Promise.reject(error);
  }
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
 * Context too, so that the work stops and not only the wait. Any number of waits may give up on one that stays pending.
 */
export function until<T>(ctx: Context, promise: PromiseLike<T>): Promise<T> {
  const settlement = settlementOf(promise);
  if (settlement.outcome !== undefined) return outcomeOf(settlement, undefined);
  try {
    return park(ctx, settlement.waiters, settlement, 'until', undefined);
  } catch (error) {
    return outcomeOf(settlement, error);
  }
}

/** A promise that is settled counts, also under a Context that has ended: only a wait is cut short. */
async function outcomeOf<T>(settlement: Settlement<T>, early: unknown): Promise<T> {
  // One that was settled before it was asked for the first time has told by then.
  await undefined;
  const { outcome } = settlement;
  if (outcome === undefined) {
    settlement.share();
    throw early;
  }
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
