import type { Limit } from './limiter.ts';
import { type Meter, MeteredLimit, slack } from './metered-limit.ts';
import type { BurstRate, BurstRateOptions, ExactRate } from './rate-options.ts';

/**
 * Lets pass what a token bucket of the same `burst` would, and remembers one number: the theoretical arrival time, when
 * all that passed would have come had it come evenly. A call is refused while that is more than the burst ahead of now.
 * The one to choose where nothing speaks for another.
 *
 * The generic cell rate algorithm of ITU-T I.371, annex A (virtual scheduling): the increment is `windowMs / limit`, the
 * tolerance `(burst - 1)` increments.
 */
export function gcra(options: BurstRateOptions): Limit<BurstRate> {
  return new MeteredLimit('gcra', options, (now, rate) => new Gcra(now, rate));
}

class Gcra implements Meter {
  readonly algorithm = 'gcra';
  readonly hasBurst = true;
  #arrivalAt: number;
  /** Milliseconds that one call stands for. */
  #increment: number;
  #burst: number;

  constructor(now: number, { limit, windowMs, burst }: ExactRate) {
    this.#arrivalAt = now;
    this.#increment = windowMs / limit;
    this.#burst = burst;
  }

  take(now: number, cost: number): number {
    const next = Math.max(this.#arrivalAt, now) + cost * this.#increment;
    const early = next - now - this.#burst * this.#increment;
    if (early <= slack * this.#increment) {
      this.#arrivalAt = next;
      return 0;
    }
    return cost > this.#burst ? Number.POSITIVE_INFINITY : early;
  }

  giveBack(_now: number, cost: number): void {
    this.#arrivalAt -= cost * this.#increment;
  }

  used(now: number): number {
    return this.resetMs(now) / this.#increment;
  }

  resetMs(now: number): number {
    return Math.max(0, this.#arrivalAt - now);
  }

  configure(now: number, { limit, windowMs, burst }: ExactRate): void {
    const used = Math.min(burst, this.used(now));
    this.#increment = windowMs / limit;
    this.#burst = burst;
    this.#arrivalAt = now + used * this.#increment;
  }
}
