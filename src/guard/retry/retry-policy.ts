import type { StatusError } from '../../errors/index.ts';
import { checkRange } from '../check-option.ts';
import { pushBackOf } from './push-back.ts';
import { unsentBy } from './unsent.ts';

export interface RetryOptions {
  /** Tries of one call, the first included, 1 to 10. 1: no retries. Default: 3. */
  readonly maxAttempts?: number;
  /** The first wait is a random time from 0 to this; it doubles with each retry. Default: 25. */
  readonly baseMs?: number;
  /** No wait is longer; a server that asks for a longer one is not asked again: waiting is up to the caller. Default: 1,000. */
  readonly maxWaitMs?: number;
  /** Default: Math.random. */
  readonly random?: () => number;
}

/** A try that failed, and what is known of its call. */
export interface FailedTry {
  readonly error: StatusError;
  /** 1 for the first try. */
  readonly attempt: number;
  /** The call that all this is done for is itself a retry: whoever repeats it has taken this one's chance. */
  readonly isRetry: boolean;
  readonly idempotent: boolean;
  /** Until its caller gives up; Infinity if never. */
  readonly remainingMs: number;
  /** How long such a call takes as a rule; 0 if unknown. */
  readonly typicalMs: number;
}

/** Why there is no further try. */
export type StopReason = 'attempts' | 'nested' | 'unsafe' | 'permanent' | 'push_back' | 'too_late';

/** Why there is no further try, or how long to wait for it; `isFree`: it is not paid from the budget. */
export type RetryVerdict =
  | { readonly retry: true; readonly waitMs: number; readonly isFree: boolean }
  | { readonly retry: false; readonly why: StopReason };

/** Decides whether a failed call is tried again, and when. Pure. The budget is asked afterwards. */
export interface RetryPolicy {
  decide(failed: FailedTry): RetryVerdict;
  configure(change: Partial<RetryOptions>): void;
  snapshot(): Required<Omit<RetryOptions, 'random'>>;
}

/**
 * Tries again what another try may mend: `unavailable`, and `resource_exhausted` with a time to come back, of idempotent
 * methods and of any method where nothing was done (`unsentBy`). Not a call that is a retry itself, not against the
 * server's word (a push-back of −1, or longer than the longest wait), and not where wait and a typical answer would come
 * after the deadline. Full jitter, which
 * spreads the callers of a node that fell better than any fixed share of the wait.
 *
 * A call that was never sent goes to another node at once, and for free, once: nobody had work with it, and a node that
 * restarts takes hundreds back in one moment.
 */
export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  return new Policy(options);
}

class Policy implements RetryPolicy {
  #maxAttempts = 3;
  #baseMs = 25;
  #maxWaitMs = 1_000;
  #random: () => number = Math.random;

  constructor(options: RetryOptions) {
    this.configure(options);
  }

  decide({ error, attempt, isRetry, idempotent, remainingMs, typicalMs }: FailedTry): RetryVerdict {
    if (attempt >= this.#maxAttempts) return stop.attempts;
    const undone = unsentBy(error);
    if (undone === 'transport' && attempt === 1) return typicalMs < remainingMs ? atOnce : stop.too_late;
    if (isRetry) return stop.nested;
    const pushBackMs = pushBackOf(error);
    if (pushBackMs !== undefined && (pushBackMs < 0 || pushBackMs > this.#maxWaitMs)) return stop.push_back;
    // Who says when to come back says that coming back helps.
    const mayMend = error.code === 'unavailable' || (error.code === 'resource_exhausted' && pushBackMs !== undefined);
    if (undone === undefined && !mayMend) return stop.permanent;
    if (undone === undefined && !idempotent) return stop.unsafe;
    const jitterMs = this.#random() * Math.min(this.#maxWaitMs, this.#baseMs * 2 ** (attempt - 1));
    // On top of what the server asked for: those that it refused together must not come back together.
    const waitMs = (pushBackMs ?? 0) + jitterMs;
    return waitMs + typicalMs < remainingMs ? { retry: true, waitMs, isFree: false } : stop.too_late;
  }

  configure(change: Partial<RetryOptions>): void {
    const { maxAttempts = this.#maxAttempts, baseMs = this.#baseMs, maxWaitMs = this.#maxWaitMs } = change;
    checkRange('retryPolicy', 'maxAttempts', maxAttempts, 1, 10);
    checkRange('retryPolicy', 'baseMs', baseMs, 0, 60_000);
    checkRange('retryPolicy', 'maxWaitMs', maxWaitMs, 0, 600_000);
    this.#maxAttempts = maxAttempts;
    this.#baseMs = baseMs;
    this.#maxWaitMs = maxWaitMs;
    this.#random = change.random ?? this.#random;
  }

  snapshot(): Required<Omit<RetryOptions, 'random'>> {
    return { maxAttempts: this.#maxAttempts, baseMs: this.#baseMs, maxWaitMs: this.#maxWaitMs };
  }
}

const atOnce: RetryVerdict = { retry: true, waitMs: 0, isFree: true };

const stop = {
  attempts: { retry: false, why: 'attempts' },
  nested: { retry: false, why: 'nested' },
  unsafe: { retry: false, why: 'unsafe' },
  permanent: { retry: false, why: 'permanent' },
  push_back: { retry: false, why: 'push_back' },
  too_late: { retry: false, why: 'too_late' },
} as const satisfies Record<StopReason, RetryVerdict>;
