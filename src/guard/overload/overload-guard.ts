import type { Admit, CallHead, Priority } from '../../call/index.ts';
import type { Clock } from '../../concurrency/index.ts';
import type { OverloadSignals } from '../signals/signals.ts';

/** What can be changed while the guard works. */
export interface OverloadSettings {
  /** How long every arrival may have to wait before the server counts as overloaded, in ms. Default: 5. */
  readonly targetMs?: number;
  /** How long a turn of the event loop may go on taking calls while overloaded, in ms. Default: 5. */
  readonly turnBudgetMs?: number;
  /** The same at all other times: what keeps the first wave of a spike from becoming one long turn. Default: 100. */
  readonly maxTurnMs?: number;
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
  /** Hears of every decision, at once: for metrics. Must not throw. Default: nobody. */
  readonly onDecision?: (method: MethodLabel, priority: Priority, decision: OverloadDecision) => void;
}

/** A method as metrics name it; the same object for as long as the guard knows the method. */
export interface MethodLabel {
  /** `Service/Method`, or `other` where there are too many. */
  readonly name: string;
}

/**
 * `admitted`, or why not: `level` (too little capacity for its priority), `turn` (this turn of the loop has gone on for too
 * long), `concurrency` (as many calls of the method run as it can do), `heap`, `deadline` (cannot be met).
 */
export type OverloadDecision = 'admitted' | 'level' | 'turn' | 'concurrency' | 'heap' | 'deadline';

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
}

export interface MethodSnapshot {
  readonly name: string;
  readonly inFlight: number;
  readonly limit: number;
  /** What a call takes where none waits for another, in ms; undefined before anything is known. */
  readonly baseMs: number | undefined;
  /** 1: the concurrency of the method refuses nobody by level. */
  readonly level: number;
}
