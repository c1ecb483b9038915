import { type Clock, turnClock } from '../../concurrency/index.ts';
import { checkRange } from '../check-option.ts';
import type { Breaker } from './breaker.ts';
import { type HalfOpenOptions, halfOpenBreaker, type TripRule } from './half-open.ts';

export interface RatioBreakerOptions extends HalfOpenOptions {
  /** The share of calls whose failure opens it, above 0 to 1. Default: 0.5. */
  readonly ratio?: number;
  /** Fewer calls in the window prove nothing. Default: 20. */
  readonly minCalls?: number;
  /** How far back it looks, in milliseconds. Default: 10,000. */
  readonly windowMs?: number;
}

/** Opens when too large a share of the calls in a sliding window failed: all or nothing, where `sreThrottle` is gradual. */
export function ratioBreaker(options: RatioBreakerOptions = {}): Breaker<RatioBreakerOptions> {
  const rule = new Share(options);
  return halfOpenBreaker(rule, options, (change) => rule.configure(change));
}

const buckets = 10;

class Share implements TripRule {
  readonly kind = 'ratio';
  readonly #clock: Clock;
  /** Calls and failures of each bucket. */
  readonly #counts = new Float64Array(buckets * 2);
  #ratio = 0.5;
  #minCalls = 20;
  #windowMs = 10_000;
  #newest: number;
  #calls = 0;
  #failures = 0;

  constructor(options: RatioBreakerOptions) {
    this.#clock = options.clock ?? turnClock;
    this.configure(options);
    this.#newest = this.#bucketNow();
  }

  get calls(): number {
    this.#turn();
    return this.#calls;
  }

  get failures(): number {
    this.#turn();
    return this.#failures;
  }

  configure(change: Partial<RatioBreakerOptions>): void {
    const { ratio = this.#ratio, minCalls = this.#minCalls, windowMs = this.#windowMs } = change;
    checkRange('ratioBreaker', 'ratio', ratio, 0.001, 1);
    checkRange('ratioBreaker', 'minCalls', minCalls, 1, 1_000_000);
    checkRange('ratioBreaker', 'windowMs', windowMs, 100, 3_600_000);
    this.#ratio = ratio;
    this.#minCalls = minCalls;
    if (windowMs === this.#windowMs) return;
    this.#windowMs = windowMs;
    this.reset();
  }

  note(isFailure: boolean): boolean {
    this.#turn();
    const at = (this.#newest % buckets) * 2;
    this.#calls++;
    this.#counts[at]!++;
    if (!isFailure) return false;
    this.#failures++;
    this.#counts[at + 1]!++;
    return this.#calls >= this.#minCalls && this.#failures >= this.#ratio * this.#calls;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#calls = 0;
    this.#failures = 0;
    this.#newest = this.#bucketNow();
  }

  #bucketNow(): number {
    return Math.floor((this.#clock.now() * buckets) / this.#windowMs);
  }

  #turn(): void {
    const number = this.#bucketNow();
    const steps = number - this.#newest;
    if (steps === 0) return;
    if (steps >= buckets || steps < 0) {
      this.reset();
      return;
    }
    this.#newest = number;
    for (let step = 0; step < steps; step++) {
      const at = ((number - step) % buckets) * 2;
      this.#calls -= this.#counts[at]!;
      this.#failures -= this.#counts[at + 1]!;
      this.#counts.fill(0, at, at + 2);
    }
  }
}
