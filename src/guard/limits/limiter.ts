import type { CallHead, Permit, Rejection } from '../../call/index.ts';

/**
 * Lets a call through or refuses it, at once. `cost` (default 1) is how much of the limit the call takes, a number above
 * 0; a limiter of running calls gives it back with `Permit.done`, one of a rate never does.
 */
export interface Limiter {
  acquire(head: CallHead, cost?: number): Permit | Rejection;
}

/**
 * A limiter that can take back. What it refuses is `resource_exhausted` RATE_LIMITED; the metadata of its error have
 * `limit`, the name, and `retryAfterMs`, after which the same call would pass if nobody else called meanwhile ("-1": never).
 */
export interface NamedLimiter extends Limiter {
  readonly name: string;
  /** Takes an `acquire` back whose call was refused by somebody else. In the same moment nothing of it remains. */
  giveBack(head: CallHead, cost?: number): void;
}

/** A limiter that can be looked at and changed while it runs. */
export interface Limit<O extends object = object> extends NamedLimiter {
  /** As it is now: what `configure` would take to change nothing. */
  readonly settings: O;
  /** Changes some options at once; what was used stays used. Throws a RangeError that names the option and its range. */
  configure(change: Partial<O>): void;
  snapshot(): LimitSnapshot;
}

/** What metrics and the console show of a limit. */
export interface LimitSnapshot {
  readonly name: string;
  readonly algorithm: string;
  readonly limit: number;
  /** Undefined for a limit of running calls. */
  readonly windowMs: number | undefined;
  /** How much of it is used now, in calls; of a keyed one: about how many keys are remembered. */
  readonly used: number;
  /** Since it was made. */
  readonly admitted: number;
  readonly refused: number;
}
