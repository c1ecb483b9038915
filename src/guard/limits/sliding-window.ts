import type { Limit } from './limiter.ts';
import { type Meter, MeteredLimit, slack } from './metered-limit.ts';
import type { ExactRate, Rate, RateOptions } from './rate-options.ts';

/**
 * At most `limit` calls in the window that ends now, by two counts: of this window of the calendar and of the one before,
 * which counts by the share of it that the sliding window still covers, as if its calls had come evenly. A call is refused
 * at the moment a reader of a quota would expect ("100 per hour"), at 16 bytes instead of one for each call; the price is
 * that calls that did not come evenly are counted up to a window late or early. Where that matters, take {@link gcra}.
 *
 * The approximation that Cloudflare described for its edge in 2017 ("How we built rate limiting capable of scaling to
 * millions of domains").
 */
export function slidingWindow(options: RateOptions): Limit<Rate> {
  return new MeteredLimit('slidingWindow', options, (now, rate) => new SlidingWindow(now, rate));
}

class SlidingWindow implements Meter {
  readonly algorithm = 'sliding-window';
  readonly hasBurst = false;
  #limit: number;
  #windowMs: number;
  #startedAt: number;
  #previous = 0;
  #current = 0;

  constructor(now: number, { limit, windowMs }: ExactRate) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#startedAt = now;
  }

  take(now: number, cost: number): number {
    const used = this.used(now);
    if (used + cost <= this.#limit + slack) {
      this.#current += cost;
      return 0;
    }
    if (cost > this.#limit) return Number.POSITIVE_INFINITY;
    const free = this.#limit - cost;
    const elapsed = now - this.#startedAt;
    if (this.#current <= free) return this.#whenAtMost(this.#previous, free - this.#current) - elapsed;
    return this.#windowMs - elapsed + this.#whenAtMost(this.#current, free);
  }

  giveBack(now: number, cost: number): void {
    this.#turn(now);
    // Where a window has begun since, it was the last one's.
    const fromCurrent = Math.min(cost, this.#current);
    this.#current -= fromCurrent;
    this.#previous = Math.max(0, this.#previous - (cost - fromCurrent));
  }

  used(now: number): number {
    this.#turn(now);
    return this.#current + this.#previous * (1 - (now - this.#startedAt) / this.#windowMs);
  }

  resetMs(now: number): number {
    this.#turn(now);
    if (this.#current > 0) return 2 * this.#windowMs - (now - this.#startedAt);
    return this.#previous > 0 ? this.#windowMs - (now - this.#startedAt) : 0;
  }

  configure(now: number, { limit, windowMs }: ExactRate): void {
    const used = this.used(now);
    if (windowMs !== this.#windowMs || used > limit) {
      this.#windowMs = windowMs;
      this.#startedAt = now;
      this.#previous = Math.min(limit, used);
      this.#current = 0;
    }
    this.#limit = limit;
  }

  /** Milliseconds into a window after which `count` calls of the one before it count as `left` at most. */
  #whenAtMost(count: number, left: number): number {
    return count <= left ? 0 : this.#windowMs * (1 - left / count);
  }

  #turn(now: number): void {
    const windows = Math.floor((now - this.#startedAt) / this.#windowMs);
    if (windows === 0) return;
    this.#previous = windows === 1 ? this.#current : 0;
    this.#current = 0;
    this.#startedAt += windows * this.#windowMs;
  }
}
