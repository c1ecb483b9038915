import type { Limit } from './limiter.ts';
import { type Meter, MeteredLimit, slack } from './metered-limit.ts';
import type { BurstRate, BurstRateOptions, ExactRate } from './rate-options.ts';

/**
 * A bucket of `burst` tokens, filled at `limit` per window; a call takes one. After a pause `burst` calls pass at once, and
 * in any stretch of time no more than `burst` and what was filled in meanwhile.
 *
 * The token bucket of RFC 2697 and 2698 (section 3: a bucket is full at first, and grows evenly), filled when it is looked
 * at instead of by a timer.
 */
export function tokenBucket(options: BurstRateOptions): Limit<BurstRate> {
  return new MeteredLimit('tokenBucket', options, (now, rate) => new TokenBucket(now, rate));
}

class TokenBucket implements Meter {
  readonly algorithm = 'token-bucket';
  readonly hasBurst = true;
  #tokens: number;
  #burst: number;
  #perMs: number;
  #filledAt: number;

  constructor(now: number, { limit, windowMs, burst }: ExactRate) {
    this.#tokens = burst;
    this.#burst = burst;
    this.#perMs = limit / windowMs;
    this.#filledAt = now;
  }

  take(now: number, cost: number): number {
    this.#fill(now);
    if (cost <= this.#tokens + slack) {
      this.#tokens -= cost;
      return 0;
    }
    return cost > this.#burst ? Number.POSITIVE_INFINITY : (cost - this.#tokens) / this.#perMs;
  }

  giveBack(now: number, cost: number): void {
    this.#fill(now);
    this.#tokens = Math.min(this.#burst, this.#tokens + cost);
  }

  used(now: number): number {
    this.#fill(now);
    return this.#burst - this.#tokens;
  }

  resetMs(now: number): number {
    return this.used(now) / this.#perMs;
  }

  configure(now: number, { limit, windowMs, burst }: ExactRate): void {
    this.#tokens = burst - Math.min(burst, this.used(now));
    this.#burst = burst;
    this.#perMs = limit / windowMs;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}
