import type { Outcome } from '../../call/index.ts';

/** All numbers of outlier ejection. The defaults, each with its reason, are `guardDefaults.outlier`. */
export interface OutlierOptions {
  /** How often nodes are compared, and the length of one interval of their history, 10 to 3,600,000. */
  readonly intervalMs: number;
  /** How many intervals are remembered, 2 to 60: how far back a node with few calls is judged by. */
  readonly intervals: number;
  /** A node is judged by its newest intervals that have so many calls together, 1 to 1,000,000; one with fewer is not. */
  readonly minCalls: number;
  /** Failures in a row that eject at once, and the fewest failures that any verdict takes, 1 to 10,000. */
  readonly consecutiveFailures: number;
  /** A share of failures that ejects where it is twice that of the other nodes, above 0 to 1. */
  readonly failureShare: number;
  /** Ejects whose success rate is so many standard deviations below the mean of the group, 0.5 to 100. */
  readonly deviations: number;
  /** The fewest nodes with enough calls for a standard deviation, 3 to 10,000. */
  readonly minDeviationNodes: number;
  /** The least share of failures that the standard deviation ejects for, 0 to 1. */
  readonly minDeviationShare: number;
  /** Ejects whose typical latency is so many times the median of the group, 1.5 to 1,000. */
  readonly slowFactor: number;
  /** The least distance to that median, 0 to 60,000. */
  readonly minSlowMs: number;
  /** The largest share of nodes that is out at one time, 0 to 0.5; at least one may be, never the last. 0: none ever is. */
  readonly maxEjectedShare: number;
  /** How long the first ejection lasts, 1 to 86,400,000; the second in a row lasts twice, the third three times as long. */
  readonly ejectionMs: number;
  /** The longest ejection, 1 to 86,400,000. */
  readonly maxEjectionMs: number;
  /** How long a node that came back, or a new one, takes until it gets its whole share, 0 to 3,600,000. */
  readonly slowStartMs: number;
  /** The share that it begins with, above 0 to 1. */
  readonly slowStartShare: number;
  /** How its share grows: by `(time ÷ slowStartMs) ^ (1 ÷ this)`; above 1 faster at first, below 1 slower. 0.1 to 10. */
  readonly slowStartAggression: number;
}

/** Why a node is out: too many failures in a row, too many in all, more than the others by far, or much slower. */
export type OutlierReason = 'consecutive_failures' | 'failure_share' | 'success_rate' | 'latency';

/** Why a node that was out is in again: a call that tried it succeeded, or too many others are bad. */
export type ReturnReason = 'probe' | 'panic';

/** A change of who gets calls: for one log line each. The numbers are those that decided. */
export type OutlierEvent =
  | {
      readonly kind: 'ejected';
      readonly node: string;
      readonly reason: OutlierReason;
      /** True where it was out, was tried, and failed. */
      readonly again: boolean;
      /** Until it is tried. */
      readonly forMs: number;
      /** Nodes of its group that are out now, and all. */
      readonly ejected: number;
      readonly nodes: number;
      readonly calls: number;
      readonly failures: number;
      /** Its own, and the median of its group. Undefined where too few calls succeeded. */
      readonly latencyMs: number | undefined;
      readonly groupLatencyMs: number | undefined;
    }
  | {
      readonly kind: 'returned';
      readonly node: string;
      readonly reason: ReturnReason;
      readonly ejected: number;
      readonly nodes: number;
    };

/** What the detector knows of one node. Its owner asks it for each call, so it is kept beside what else is known of it. */
export interface OutlierNode {
  readonly id: string;
  /**
   * What of its usual share it gets: 0 while it is out, growing while it starts slowly, else 1. Where it is above 0 but
   * below 1, the owner passes it over with the chance that is missing.
   */
  share(nowMs: number): number;
  /** Whether it was out long enough and nobody tries it now: the next call should. */
  isDue(nowMs: number): boolean;
  /** The call that now begins tries the node: until `settle`, or for one `ejectionMs`, nobody else does. */
  claim(nowMs: number): void;
  /** Tells how the call that claimed it ended: success lets the node in, failure puts it out again for longer. */
  settle(outcome: Outcome, nowMs: number): void;
  /** Tells how any other call to it ended, once for each. Those that end while it is out do not count. */
  record(outcome: Outcome, nowMs: number): void;
}

export type OutlierState = 'in' | 'starting' | 'out' | 'probing';

/** What the console shows of a group. */
export interface OutlierSnapshot {
  readonly nodes: readonly {
    readonly id: string;
    readonly state: OutlierState;
    /** How often it was ejected lately: the next ejection lasts one more time `ejectionMs`. */
    readonly ejections: number;
    /** Those that it was judged by last. */
    readonly calls: number;
    readonly failures: number;
    readonly latencyMs: number | undefined;
  }[];
  readonly ejected: number;
  /** True while more than half of the nodes are bad: then it is not the nodes, and nobody is ejected. */
  readonly isPanic: boolean;
}

/**
 * Finds the nodes of a group, alike and called alike, that are worse than the others, and says who gets calls. Pure: no
 * timers and no I/O; time is given with each call. It compares nodes when the first call of a new interval ends.
 */
export interface OutlierDetector {
  /** Takes a node into the group. One that `isNew` among nodes that have calls already starts slowly. */
  add(id: string, nowMs: number, isNew: boolean): OutlierNode;
  /** Forgets it; what its calls still report is ignored. */
  remove(node: OutlierNode): void;
  /** Nodes that are out now. */
  readonly ejected: number;
  /** Changes some options at once. Throws a RangeError that names the option for a value out of its range. */
  configure(change: Partial<OutlierOptions>): void;
  snapshot(): OutlierSnapshot;
}
