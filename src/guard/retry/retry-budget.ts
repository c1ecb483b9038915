import { checkRange } from '../check-option.ts';

export interface RetryBudgetOptions {
  /** Retries that each call pays for, 0 to 1: 0.1 lets one call in ten be repeated. Default: 0.1. */
  readonly share?: number;
  /** Retries that may be saved up, and are there at the start: for a client that calls too seldom to earn any. Default: 10. */
  readonly reserve?: number;
}

export interface RetryBudgetSnapshot {
  readonly tokens: number;
  readonly share: number;
  readonly reserve: number;
}

/** Bounds how many calls a client adds to those that it was asked for. */
export interface RetryBudget {
  /** Takes what one more try costs. False if it is not there: then there is none. */
  withdraw(): boolean;
  /**
   * Earns the share of one call. Once per call, not per try, and not for a call that is itself a retry: three tiers would
   * come to 1.331 tries per call, and stay at 1.3 this way.
   */
  deposit(): void;
  configure(change: Partial<RetryBudgetOptions>): void;
  snapshot(): RetryBudgetSnapshot;
}

/**
 * A token bucket without a clock: over any stretch of calls there are at most `reserve + share × calls` more tries, so a
 * back end that fails altogether is asked 1.1 times as often, not three times.
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  return new Budget(options);
}

class Budget implements RetryBudget {
  #share = 0.1;
  #reserve = 10;
  #tokens: number;

  constructor(options: RetryBudgetOptions) {
    this.configure(options);
    this.#tokens = this.#reserve;
  }

  withdraw(): boolean {
    // A hair less than one: ten times a tenth is.
    if (this.#tokens < 0.999_999) return false;
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }

  deposit(): void {
    this.#tokens = Math.min(this.#reserve, this.#tokens + this.#share);
  }

  configure({ share = this.#share, reserve = this.#reserve }: Partial<RetryBudgetOptions>): void {
    checkRange('retryBudget', 'share', share, 0, 1);
    checkRange('retryBudget', 'reserve', reserve, 0, 1_000_000);
    this.#share = share;
    this.#reserve = reserve;
    this.#tokens = Math.min(this.#tokens ?? reserve, reserve);
  }

  snapshot(): RetryBudgetSnapshot {
    return { tokens: this.#tokens, share: this.#share, reserve: this.#reserve };
  }
}
