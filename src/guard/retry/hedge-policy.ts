import { checkRange } from '../check-option.ts';
import { LatencyQuantile } from './latency-quantile.ts';
import type { RetryBudget } from './retry-budget.ts';

export interface HedgeOptions {
  /** A second try starts when the first has taken longer than this share of calls did, 0.5 to 0.999. Default: 0.95. */
  readonly quantile?: number;
  /** Second tries per call, 0 to 1; they are paid from the budget of retries as well. Default: 0.05. */
  readonly share?: number;
  /** Second tries that may be saved up. Default: 10. */
  readonly reserve?: number;
  /** Calls until the quantile is believed. Default: 100. */
  readonly minCalls?: number;
  /** Never sooner than after this many milliseconds. Default: 1. */
  readonly minDelayMs?: number;
}

export interface HedgeSnapshot extends Required<HedgeOptions> {
  /** Undefined: not enough calls yet. */
  readonly delayMs: number | undefined;
  readonly tokens: number;
}

/**
 * When to ask a second server while the first still works. Pure. Tell it of every first try, also of one that was
 * cancelled because the second was quicker: that it took so long is the part that counts.
 */
export interface HedgePolicy {
  /** How long to wait for the first try; undefined: no second one. Earns the call's share of the budget. */
  begin(): number | undefined;
  /** Takes what a second try costs, also from `budget`. False: one of them has too little, and both keep what they have. */
  withdraw(budget?: Pick<RetryBudget, 'withdraw'>): boolean;
  /** How long a first try took, or had taken when it was cancelled, in milliseconds. */
  record(ms: number): void;
  configure(change: Partial<HedgeOptions>): void;
  snapshot(): HedgeSnapshot;
}

/**
 * How long a call waits that has taken `tookMs` and whose second try could not be paid, before it asks for it again: half
 * as long again, at least 1 ms. Of the slow ones those are left by then that gain most, and the budget is kept as before.
 */
export function askAgainMs(tookMs: number): number {
  return Math.max(1, tookMs / 2);
}

export function hedgePolicy(options: HedgeOptions = {}): HedgePolicy {
  return new Policy(options);
}

class Policy implements HedgePolicy {
  #quantile = 0.95;
  #share = 0.05;
  #reserve = 10;
  #minCalls = 100;
  #minDelayMs = 1;
  #tokens: number;
  #latencies: LatencyQuantile;

  constructor(options: HedgeOptions) {
    this.#latencies = new LatencyQuantile(this.#quantile);
    this.configure(options);
    this.#tokens = this.#reserve;
  }

  begin(): number | undefined {
    this.#tokens = Math.min(this.#reserve, this.#tokens + this.#share);
    return this.#delayMs();
  }

  withdraw(budget?: Pick<RetryBudget, 'withdraw'>): boolean {
    // A hair less than one: ten times a tenth is.
    if (this.#tokens < 0.999_999 || budget?.withdraw() === false) return false;
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }

  record(ms: number): void {
    this.#latencies.record(ms);
  }

  configure(change: Partial<HedgeOptions>): void {
    const { quantile = this.#quantile, share = this.#share, reserve = this.#reserve } = change;
    const { minCalls = this.#minCalls, minDelayMs = this.#minDelayMs } = change;
    checkRange('hedgePolicy', 'quantile', quantile, 0.5, 0.999);
    checkRange('hedgePolicy', 'share', share, 0, 1);
    checkRange('hedgePolicy', 'reserve', reserve, 0, 1_000_000);
    checkRange('hedgePolicy', 'minCalls', minCalls, 1, 500);
    checkRange('hedgePolicy', 'minDelayMs', minDelayMs, 0, 60_000);
    if (quantile !== this.#quantile) this.#latencies = new LatencyQuantile(quantile);
    this.#quantile = quantile;
    this.#share = share;
    this.#reserve = reserve;
    this.#minCalls = minCalls;
    this.#minDelayMs = minDelayMs;
    this.#tokens = Math.min(this.#tokens ?? reserve, reserve);
  }

  snapshot(): HedgeSnapshot {
    return {
      quantile: this.#quantile,
      share: this.#share,
      reserve: this.#reserve,
      minCalls: this.#minCalls,
      minDelayMs: this.#minDelayMs,
      delayMs: this.#delayMs(),
      tokens: this.#tokens,
    };
  }

  #delayMs(): number | undefined {
    if (this.#latencies.count < this.#minCalls) return undefined;
    return Math.max(this.#minDelayMs, this.#latencies.value()!);
  }
}
