import type { Outcome } from '../../call/index.ts';
import * as errors from '../../errors/index.ts';
import { countsAsFailure } from '../failure.ts';
import { GuardErrors } from '../guard-errors.ts';
import { NodeHistory, type Sample } from './node-history.ts';
import type { OutlierNode, OutlierOptions, OutlierReason, OutlierState } from './outlier.ts';

const nothing: Sample = { calls: 0, failures: 0, latencyMs: undefined };

/** What a node asks of its group. */
export interface Group {
  readonly options: OutlierOptions;
  /** The interval that is current at this time, after the comparison that its begin brings. */
  slotAt(nowMs: number): number;
  /** Tells that a node that is in failed so often in a row that it may be more than chance. */
  onRun(node: NodeState, nowMs: number): void;
  onSettled(node: NodeState, outcome: Outcome, nowMs: number): void;
}

/**
 * One node of a group.
 *
 * | state | share | leaves it |
 * |---|---|---|
 * | in | 1 | `eject` → out |
 * | starting | growing to 1 | `slowStartMs` is over → in; `eject` → out |
 * | out | 0 | `untilMs` is over and a call claims it → probing; panic → in |
 * | probing | 0 | the call succeeds → starting; it fails → out, for longer; it says nothing → due an interval later; not in time → due again |
 */
export class NodeState implements OutlierNode {
  readonly id: string;
  history: NodeHistory;
  /** What it was judged by last. */
  last: Sample = nothing;
  /** Failures since the last call that was none. */
  run = 0;
  reason: OutlierReason | undefined = undefined;
  ejections = 0;
  readonly #group: Group;
  #state: OutlierState;
  /** `out` and `probing`: when the next call may try it. */
  #untilMs = 0;
  /** When it came in. */
  #sinceMs: number;

  constructor(id: string, group: Group, nowMs: number, isNew: boolean) {
    this.id = id;
    this.history = new NodeHistory(group.options.intervals);
    this.#group = group;
    this.#state = isNew ? 'starting' : 'in';
    this.#sinceMs = nowMs;
  }

  get state(): OutlierState {
    return this.#state;
  }

  get isOut(): boolean {
    return this.#state === 'out' || this.#state === 'probing';
  }

  share(nowMs: number): number {
    if (this.#state === 'in') return 1;
    if (this.#state !== 'starting') return 0;
    const { slowStartMs, slowStartShare, slowStartAggression } = this.#group.options;
    const sinceMs = nowMs - this.#sinceMs;
    if (sinceMs < slowStartMs) return Math.max(slowStartShare, (sinceMs / slowStartMs) ** (1 / slowStartAggression));
    this.#state = 'in';
    return 1;
  }

  isDue(nowMs: number): boolean {
    return this.isOut && nowMs >= this.#untilMs;
  }

  claim(nowMs: number): void {
    if (!this.isOut) return;
    this.#state = 'probing';
    this.#untilMs = nowMs + this.#group.options.ejectionMs;
  }

  settle(outcome: Outcome, nowMs: number): void {
    if (this.isOut) this.#group.onSettled(this, outcome, nowMs);
    else this.record(outcome, nowMs);
  }

  record({ error, durationMs }: Outcome, nowMs: number): void {
    const slot = this.#group.slotAt(nowMs);
    // A caller that left says nothing.
    if (this.isOut || error?.code === 'canceled') return;
    if (countsAsFailure(error)) {
      this.history.failed(slot);
      // A node that stood still for a moment refuses what has come meanwhile, all at once, and is well again after it.
      if (errors.is(error, GuardErrors.OVERLOADED)) return;
      this.run++;
      if (this.run >= this.#group.options.consecutiveFailures) this.#group.onRun(this, nowMs);
      return;
    }
    this.run = 0;
    this.history.answered(slot, error === undefined ? durationMs : undefined);
  }

  eject(reason: OutlierReason, nowMs: number, random: number): number {
    const { ejectionMs, maxEjectionMs } = this.#group.options;
    // Time that it was well counts for it, as long as an ejection is.
    const forgiven = this.isOut ? 0 : Math.floor((nowMs - this.#sinceMs) / ejectionMs);
    // Those beyond the longest ejection count no more: a node that was away for a day is not made to pay for a day.
    const most = Math.ceil(maxEjectionMs / ejectionMs);
    this.ejections = Math.min(Math.max(0, this.ejections - forgiven) + 1, most);
    // Shortened by chance up to a fifth: many callers that lost a node together must not try it together.
    const forMs = Math.min(ejectionMs * this.ejections, maxEjectionMs) * (1 - random / 5);
    this.#state = 'out';
    this.#untilMs = nowMs + forMs;
    this.reason = reason;
    return forMs;
  }

  /** Nothing was learned: from then on the next call tries. */
  unclaim(untilMs: number): void {
    this.#state = 'out';
    this.#untilMs = untilMs;
  }

  return(nowMs: number, slowly: boolean): void {
    this.#state = slowly ? 'starting' : 'in';
    this.#sinceMs = nowMs;
    this.reason = undefined;
    this.forget(this.#group.options.intervals);
  }

  forget(intervals: number): void {
    this.last = nothing;
    this.history = new NodeHistory(intervals);
    this.run = 0;
  }
}
