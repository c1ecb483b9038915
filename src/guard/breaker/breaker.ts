import type { Outcome, Rejection } from '../../call/index.ts';

/** The call may go out. `done` is called exactly once, when it has ended; tickets may be shared between calls. */
export interface Ticket {
  readonly admitted: true;
  done(outcome: Outcome): void;
}

/** 0 closed, 1 half open and 2 open in metrics. A throttle is never open: it refuses a share. */
export type BreakerState = 'closed' | 'half_open' | 'open';

/** What metrics and the console show of a breaker. */
export interface BreakerSnapshot {
  readonly kind: 'throttle' | 'consecutive' | 'ratio';
  readonly state: BreakerState;
  /** The share of calls that is refused now, 0 to 1. */
  readonly refusedShare: number;
  /** Calls and failures that the decision rests on: of the window, or in a row. */
  readonly calls: number;
  readonly failures: number;
}

/**
 * Keeps a caller from calling what fails. Pure: no timers, no I/O, a fixed few hundred bytes for life; clock and chance
 * are given to it. One breaker per dependency and method, so that a broken method does not take the others along.
 */
export interface Breaker<O extends object = object> {
  /** Never waits, never throws. The rejection's error is `unavailable` BREAKER_OPEN, shared by all refused calls. */
  allow(): Ticket | Rejection;
  /** Changes some options at once; throws a RangeError that names the option for a value out of its range. */
  configure(change: Partial<O>): void;
  snapshot(): BreakerSnapshot;
}
