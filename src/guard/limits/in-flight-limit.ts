import type { CallHead, Permit, Rejection } from '../../call/index.ts';
import { GuardErrors } from '../guard-errors.ts';
import type { Limit, LimitSnapshot } from './limiter.ts';
import { checkName, checkWhole, refuseCost } from './rate-options.ts';

/** What `configure` changes of it. */
export interface InFlightSettings {
  /** Calls that may run at once, a whole number from 1. */
  readonly limit: number;
}

export interface InFlightOptions extends InFlightSettings {
  /** In errors and metrics: 1 to 64 letters, digits, `_`, `-` and `.`. */
  readonly name: string;
}

/**
 * At most `limit` calls at once; the others are refused, not queued (`bulkhead` has a queue). `Permit.done` gives back. A
 * limit that is lowered lets the running calls end. When there is room again is not known, so no `retryAfterMs` is told.
 *
 * A counting semaphore (Dijkstra 1965) without its queue.
 */
export function inFlightLimit(options: InFlightOptions): Limit<InFlightSettings> {
  return new InFlightLimit(options);
}

class InFlightLimit implements Limit<InFlightSettings> {
  readonly name: string;
  #limit: number;
  #inFlight = 0;
  #admitted = 0;
  #refused = 0;
  readonly #one: Permit;
  #rejection: Rejection;

  constructor({ name, limit }: InFlightOptions) {
    checkName('inFlightLimit', name);
    checkWhole('inFlightLimit', 'limit', limit);
    this.name = name;
    this.#limit = limit;
    this.#one = this.#permit(1);
    this.#rejection = rejectionOf(name, limit);
  }

  get settings(): InFlightSettings {
    return { limit: this.#limit };
  }

  acquire(_head: CallHead, cost = 1): Permit | Rejection {
    if (!(cost > 0)) refuseCost(this.name, cost);
    if (this.#inFlight + cost > this.#limit) {
      this.#refused++;
      return this.#rejection;
    }
    this.#inFlight += cost;
    this.#admitted++;
    return cost === 1 ? this.#one : this.#permit(cost);
  }

  giveBack(_head: CallHead, cost = 1): void {
    this.#inFlight -= cost;
    this.#admitted--;
  }

  configure({ limit = this.#limit }: Partial<InFlightSettings>): void {
    checkWhole('inFlightLimit', 'limit', limit);
    this.#limit = limit;
    this.#rejection = rejectionOf(this.name, limit);
  }

  snapshot(): LimitSnapshot {
    return {
      name: this.name,
      algorithm: 'in-flight',
      limit: this.#limit,
      windowMs: undefined,
      used: this.#inFlight,
      admitted: this.#admitted,
      refused: this.#refused,
    };
  }

  #permit(cost: number): Permit {
    return {
      admitted: true,
      done: () => {
        this.#inFlight -= cost;
      },
    };
  }
}

function rejectionOf(name: string, limit: number): Rejection {
  const message = `the limit ${name} of ${limit} calls at once is used up`;
  return { admitted: false, error: GuardErrors.RATE_LIMITED(message, { metadata: { limit: name } }) };
}
