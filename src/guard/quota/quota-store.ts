import type { Context } from '../../concurrency/index.ts';

/** Stands for "no limit" where a number is needed that can be sent and reckoned with. Calls per second. */
export const unlimited = 1e12;

/** What a node of the tree may have, all in calls per second. */
export interface QuotaBounds {
  /** Given first, as far as it is wanted; lent to others as far as it is not. */
  readonly guarantee: number;
  /** Never more than this, over all instances; {@link unlimited} for none. */
  readonly limit: number;
  /** How large its part is beside its siblings'; above 0. */
  readonly weight: number;
}

/** One node in the report of an instance: one whose calls it has seen, or the parent of one. */
export interface QuotaReportNode extends QuotaBounds {
  /** The names from below the root to the node, joined with `/`; '' for the root. */
  readonly path: string;
  /** Where its parent stands in the report; -1 for the root. */
  readonly parent: number;
  /** For a leaf, what its calls ask for per second on this instance, refused ones included; undefined for others. */
  readonly wants: number | undefined;
}

export interface QuotaReport {
  /** Who reports: unique among those that share the tree. */
  readonly instance: string;
  /** The root first, every node after its parent. What is not in it any more is given back. */
  readonly nodes: readonly QuotaReportNode[];
  /** For how long the instance will use what it is given, in milliseconds from when it sent this. */
  readonly leaseMs: number;
  /** `sequence` of the last grant that arrived; 0 for none. Tells the store which of its answers were lost. */
  readonly received: number;
  /**
   * How many instances there were as far as this one was last told; 0 for never told. A store that has lost its memory
   * takes it from the first report, and gives at most such a part of each limit until all others have had a lease's time to
   * report.
   */
  readonly instances: number;
}

export interface QuotaGrant {
  /** What this instance may let through per second, for each leaf in the order of the report. */
  readonly shares: readonly number[];
  /** How many instances hold leases, this one included. */
  readonly instances: number;
  /** Above 0; growing with each grant to one instance. */
  readonly sequence: number;
}

/**
 * Shares the rates of a tree between the instances of a service. For every node the sum of what is on lease never exceeds
 * its limit: an instance gets of its fair share (`leaseBook` says what is fair) what the others' leases leave. A lease ends
 * by itself after `leaseMs` on the store's clock, so what a dead instance held comes back.
 *
 * Implementations run the suite in `quota-store.contract.ts`.
 */
export interface QuotaStore {
  /**
   * Reports what an instance wants and renews its lease. One round trip; throws when the store cannot be reached, and when
   * `ctx` ends: then nobody knows whether the store took the report.
   */
  exchange(ctx: Context, report: QuotaReport): Promise<QuotaGrant>;
  /** Gives all that the instance holds back at once. Of an unknown one: does nothing. */
  release(ctx: Context, instance: string): Promise<void>;
}
