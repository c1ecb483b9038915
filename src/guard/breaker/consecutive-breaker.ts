import { checkRange } from '../check-option.ts';
import type { Breaker } from './breaker.ts';
import { type HalfOpenOptions, halfOpenBreaker, type TripRule } from './half-open.ts';

export interface ConsecutiveBreakerOptions extends HalfOpenOptions {
  /** So many failures in a row open it. Default: 5. */
  readonly failures?: number;
}

/** Opens after failures in a row: for one node or connection, where a single success proves that it works. */
export function consecutiveBreaker(options: ConsecutiveBreakerOptions = {}): Breaker<ConsecutiveBreakerOptions> {
  const rule = new InARow();
  rule.configure(options);
  return halfOpenBreaker(rule, options, (change) => rule.configure(change));
}

class InARow implements TripRule {
  readonly kind = 'consecutive';
  #limit = 5;
  failures = 0;

  get calls(): number {
    return this.failures;
  }

  configure({ failures = this.#limit }: Partial<ConsecutiveBreakerOptions>): void {
    checkRange('consecutiveBreaker', 'failures', failures, 1, 1_000_000);
    this.#limit = failures;
  }

  note(isFailure: boolean): boolean {
    this.failures = isFailure ? this.failures + 1 : 0;
    return this.failures >= this.#limit;
  }

  reset(): void {
    this.failures = 0;
  }
}
