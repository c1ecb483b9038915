import type { Limit } from './limiter.ts';
import { type Meter, MeteredLimit, slack } from './metered-limit.ts';
import { type BurstRate, type BurstRateOptions, type ExactRate, exactRate } from './rate-options.ts';

/**
 * A bucket that leaks at `limit` per window; a call pours one in, and is refused where the bucket would spill over at
 * `burst`. As a meter it is the token bucket seen from the other side. What differs is the default: `burst` is 1, so calls
 * must come evenly, one each `windowMs / limit`, which is what something behind it that cannot take a burst needs.
 *
 * The leaky bucket as a meter of ITU-T I.371, annex A (continuous-state leaky bucket). It refuses, it never delays.
 */
export function leakyBucket(options: BurstRateOptions): Limit<BurstRate> {
  const rate = exactRate('leakyBucket', { burst: 1, ...options });
  return new MeteredLimit('leakyBucket', options, (now) => new LeakyBucket(now, rate), rate);
}

class LeakyBucket implements Meter {
  readonly algorithm = 'leaky-bucket';
  readonly hasBurst = true;
  #level = 0;
  #burst: number;
  #perMs: number;
  #leakedAt: number;

  constructor(now: number, { limit, windowMs, burst }: ExactRate) {
    this.#burst = burst;
    this.#perMs = limit / windowMs;
    this.#leakedAt = now;
  }

  take(now: number, cost: number): number {
    const level = this.used(now);
    const over = level + cost - this.#burst;
    if (over <= slack) {
      this.#level = level + cost;
      return 0;
    }
    return cost > this.#burst ? Number.POSITIVE_INFINITY : over / this.#perMs;
  }

  giveBack(now: number, cost: number): void {
    this.#level = Math.max(0, this.used(now) - cost);
  }

  used(now: number): number {
    this.#level = Math.max(0, this.#level - (now - this.#leakedAt) * this.#perMs);
    this.#leakedAt = now;
    return this.#level;
  }

  resetMs(now: number): number {
    return this.used(now) / this.#perMs;
  }

  configure(now: number, { limit, windowMs, burst }: ExactRate): void {
    this.#level = Math.min(burst, this.used(now));
    this.#burst = burst;
    this.#perMs = limit / windowMs;
  }
}
