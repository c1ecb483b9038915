import type { Rejection } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { GuardErrors } from '../guard-errors.ts';

/** More than 12 days are not told: nobody waits for that. */
const maxRetryAfterMs = 2 ** 30;

/**
 * One rejection for each time to wait, made when it is first needed: an error with its stack costs more than all the rest
 * of a refusal. So that they stay few (1,500 at most for an hour), the time is rounded up to three digits, by 3 % at most;
 * whole seconds stay whole up to five minutes, since `Retry-After` is in seconds.
 */
export class SharedRejections {
  readonly #limit: string;
  readonly #message: string;
  readonly #known = new Map<number, Rejection>();
  #never: Rejection | undefined;

  /** `limit`: its name. */
  constructor(limit: string, message: string) {
    this.#limit = limit;
    this.#message = message;
  }

  /** Infinity: the call asks for more than there ever is, and must not come back. */
  after(retryAfterMs: number): Rejection {
    if (retryAfterMs === Number.POSITIVE_INFINITY) return this.never;
    const rounded = roundUp(retryAfterMs);
    return this.#known.get(rounded) ?? this.#make(rounded);
  }

  get never(): Rejection {
    this.#never ??= {
      admitted: false,
      error: this.#error(`${this.#message}; this one costs more than all of it`, '-1'),
    };
    return this.#never;
  }

  #make(retryAfterMs: number): Rejection {
    const error = this.#error(this.#message, String(retryAfterMs));
    const made: Rejection = { admitted: false, error, retryAfterMs };
    this.#known.set(retryAfterMs, made);
    return made;
  }

  #error(message: string, retryAfterMs: string): StatusError {
    return GuardErrors.RATE_LIMITED(message, { metadata: { limit: this.#limit, retryAfterMs } });
  }
}

export function roundUp(ms: number): number {
  const whole = Math.ceil(Math.min(Math.max(ms, 1), maxRetryAfterMs));
  let step = 1;
  while (whole >= 320 * step) step *= 10;
  return Math.ceil(whole / step) * step;
}
