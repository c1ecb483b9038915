import type { Admit, CallHead, Priority } from '../../call/index.ts';
import type { Clock } from '../../concurrency/index.ts';
import type { OverloadSignals } from '../signals/signals.ts';

/** What can be changed while the guard works. */
export interface OverloadSettings {
  /**
   * A turn of the event loop takes no more calls, but critical ones, when it has gone on for so long, in ms: the first wave of
   * a spike must not become one giant turn. Two of that length in a row, and the server counts as overloaded. Default: 100.
   */
  readonly standingMs?: number;
  /** The same while it does: what a call that is taken on waits for. Default: 2. */
  readonly targetMs?: number;
  /** Share of the heap from which background and sheddable calls are refused. Default: 0.9. */
  readonly heapHighShare?: number;
  /** Share of the heap from which everything but critical calls is refused. Default: 0.95. */
  readonly heapFullShare?: number;
  /** Calls of one method at a time before anything is known of it. Default: 200. */
  readonly initialConcurrency?: number;
  /** The least that the limit of a method falls to. Default: 4. */
  readonly minConcurrency?: number;
  /** The most that the limit of a method rises to. Default: 10,000. */
  readonly maxConcurrency?: number;
}

export interface OverloadGuardOptions extends OverloadSettings {
  readonly clock: Clock;
  readonly signals: OverloadSignals;
  /** Numbers in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  /** Calls that are always admitted and never counted, besides health checks. Default: none. */
  readonly isExempt?: (head: CallHead) => boolean;
  /**
   * The number of the present minute. Services that agree on it refuse the same users, so that a chain of calls is refused
   * at its beginning. Default: minutes of `clock`.
   */
  readonly epoch?: () => number;
}

/**
 * Why a call is refused: `deadline` (cannot be met), `heap`, `level` (too little capacity for its priority), `turn` (this turn
 * of the loop has gone on for too long), `concurrency` (as many calls of the method run as it can do).
 */
export const overloadRefusals = ['deadline', 'heap', 'level', 'turn', 'concurrency'] as const;
export type OverloadRefusal = (typeof overloadRefusals)[number];
export type OverloadDecision = 'admitted' | OverloadRefusal;

/**
 * Decides which calls a server takes on, so that what it takes on is answered in time. It has no capacity to be set: it
 * finds out. Pure: nothing in it waits or does I/O; clock, chance and signals are given to it.
 */
export interface OverloadGuard {
  /** Never waits, never throws. Refusals are shared objects: `unavailable` OVERLOADED or `deadline_exceeded` DEADLINE_TOO_SHORT. */
  readonly admit: Admit;
  /** Changes some settings at once. Throws a RangeError that names the setting for a value out of its range. */
  configure(change: OverloadSettings): void;
  snapshot(): OverloadSnapshot;
}

export interface OverloadSnapshot {
  readonly isOverloaded: boolean;
  /** The share of the levels (priority, then users within it) that is admitted: 1 is everything. */
  readonly level: number;
  /** The shortest turn of the last window, in ms: what every arrival waits. */
  readonly delayMs: number;
  /** The loop's busy share in the last window. */
  readonly utilization: number;
  readonly heapShare: number;
  readonly methods: readonly MethodSnapshot[];
  /** Who was refused most since the guard was made, most first; at most 10, of tenants that are named. */
  readonly shedTenants: readonly ShedTenant[];
}

export interface ShedTenant {
  readonly tenant: string;
  readonly refused: number;
}

export interface MethodSnapshot {
  /** `Service/Method`, or `other`, which stands for all beyond the first 1,000. */
  readonly name: string;
  readonly inFlight: number;
  readonly limit: number;
  /** What a call takes where none waits for another, in ms; undefined before anything is known. */
  readonly baseMs: number | undefined;
  /** The share of the levels that the method's concurrency admits: 1 is everything. */
  readonly level: number;
  /** Decisions since the guard was made; those of a priority with none are left out. */
  readonly decisions: readonly DecisionCount[];
}

export interface DecisionCount {
  readonly priority: Priority;
  readonly decision: OverloadDecision;
  readonly count: number;
}
