import type { Outcome } from '../../call/index.ts';
import { countsAsFailure } from '../failure.ts';
import { type Group, NodeState } from './node-state.ts';
import type {
  OutlierDetector,
  OutlierEvent,
  OutlierNode,
  OutlierOptions,
  OutlierReason,
  OutlierSnapshot,
  ReturnReason,
} from './outlier.ts';
import { checkedOutlierOptions } from './outlier-options.ts';
import { type GroupFigures, groupFigures, isSlow, noFigures, othersShare, runOf, verdict } from './verdict.ts';

export interface OutlierDetectorOptions extends OutlierOptions {
  /** Numbers in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  /** Hears of each ejection and return, at once. Must not throw. Default: nobody. */
  readonly onEvent?: (event: OutlierEvent) => void;
}

/** A group without nodes. Throws a RangeError that names the option for a value out of its range. */
export function outlierDetector(options: OutlierDetectorOptions): OutlierDetector {
  return new Detector(options);
}

class Detector implements OutlierDetector, Group {
  options: OutlierOptions;
  ejected = 0;
  readonly #random: () => number;
  readonly #onEvent: (event: OutlierEvent) => void;
  readonly #nodes = new Set<NodeState>();
  #interval = 0;
  #slot = 0;
  #figures: GroupFigures = noFigures;
  /** Undefined: no panic. */
  #panicSinceMs: number | undefined = undefined;

  constructor({ random = Math.random, onEvent = () => {}, ...options }: OutlierDetectorOptions) {
    this.options = checkedOutlierOptions(options);
    this.#random = random;
    this.#onEvent = onEvent;
  }

  add(id: string, nowMs: number, isNew: boolean): OutlierNode {
    const node = new NodeState(id, this, nowMs, isNew);
    this.#nodes.add(node);
    return node;
  }

  remove(node: OutlierNode): void {
    if (this.#nodes.delete(node as NodeState) && (node as NodeState).isOut) this.ejected--;
  }

  configure(change: Partial<OutlierOptions>): void {
    const { intervals, intervalMs } = this.options;
    this.options = checkedOutlierOptions(this.options, change);
    if (this.options.intervals !== intervals || this.options.intervalMs !== intervalMs) this.#restart();
  }

  snapshot(): OutlierSnapshot {
    const nodes = Array.from(this.#nodes, ({ id, state, ejections, last }) => ({ id, state, ejections, ...last }));
    return { nodes, ejected: this.ejected, isPanic: this.#panicSinceMs !== undefined };
  }

  slotAt(nowMs: number): number {
    const interval = Math.floor(nowMs / this.options.intervalMs);
    if (interval === this.#interval) return this.#slot;
    // After a night without calls nobody is judged by those of the evening.
    if (Math.abs(interval - this.#interval) >= this.options.intervals) this.#turn(interval);
    this.#compare(nowMs);
    this.#turn(interval);
    return this.#slot;
  }

  onRun(node: NodeState, nowMs: number): void {
    if (!this.#nodes.has(node) || node.run < runOf(this.#othersShareNow(node), this.options)) return;
    node.last = node.history.newest(this.#slot, this.options.minCalls);
    this.#checkPanic(nowMs);
    this.#eject(node, 'consecutive_failures', nowMs);
  }

  onSettled(node: NodeState, { error, durationMs }: Outcome, nowMs: number): void {
    if (!this.#nodes.has(node)) return;
    const isBad = countsAsFailure(error);
    const isStillSlow = node.reason === 'latency' && isSlow(durationMs, this.#figures.medianMs, this.options);
    if (isBad || isStillSlow) {
      node.last = { calls: 1, failures: isBad ? 1 : 0, latencyMs: isBad ? undefined : durationMs };
      this.#putOut(node, isBad ? 'consecutive_failures' : 'latency', true, nowMs);
    } else if (error?.code === 'canceled') {
      // Hedges leave a slow node again and again: one of them tries it in an interval, not each.
      node.unclaim(nowMs + this.options.intervalMs);
    } else {
      this.#return(node, 'probe', nowMs);
    }
  }

  /** At the end of an interval: who stands out, the worst first, since not all of them may go. */
  #compare(nowMs: number): void {
    const { minCalls } = this.options;
    const inside: NodeState[] = [];
    for (const node of this.#nodes) {
      if (node.isOut) continue;
      node.last = node.history.newest(this.#slot, minCalls);
      inside.push(node);
    }
    this.#figures = groupFigures(
      inside.map(({ last }) => last),
      this.options,
    );
    this.#checkPanic(nowMs);
    inside.sort((a, b) => b.last.failures / (b.last.calls || 1) - a.last.failures / (a.last.calls || 1));
    for (const node of inside) {
      const reason = verdict(node.last, this.#figures, this.options);
      if (reason !== undefined) this.#eject(node, reason, nowMs);
    }
  }

  #turn(interval: number): void {
    const { intervals } = this.options;
    const steps = Math.min(Math.abs(interval - this.#interval), intervals);
    for (let step = 0; step < steps; step++) {
      this.#slot = (this.#slot + 1) % intervals;
      for (const node of this.#nodes) node.history.clear(this.#slot);
    }
    this.#interval = interval;
  }

  /** Of what was seen in the last comparison, and since. */
  #othersShareNow(node: NodeState): number {
    const slot = this.#slot;
    let calls = 0;
    let failures = 0;
    for (const { isOut, history, last } of this.#nodes) {
      if (history === node.history || isOut) continue;
      calls += last.calls + history.calls(slot);
      failures += last.failures + history.failures(slot);
    }
    return calls === 0 ? othersShare(node.last, this.#figures) : failures / calls;
  }

  #eject(node: NodeState, reason: OutlierReason, nowMs: number): void {
    const count = this.#nodes.size;
    const { maxEjectedShare } = this.options;
    const most = maxEjectedShare === 0 ? 0 : Math.max(1, Math.floor(count * maxEjectedShare));
    if (this.#panicSinceMs !== undefined || this.ejected >= most || count - this.ejected < 2) return;
    this.ejected++;
    this.#putOut(node, reason, false, nowMs);
  }

  #putOut(node: NodeState, reason: OutlierReason, again: boolean, nowMs: number): void {
    const forMs = node.eject(reason, nowMs, this.#random());
    this.#onEvent({
      kind: 'ejected',
      node: node.id,
      reason,
      again,
      forMs,
      ejected: this.ejected,
      nodes: this.#nodes.size,
      ...node.last,
      groupLatencyMs: this.#figures.medianMs,
    });
  }

  #return(node: NodeState, reason: ReturnReason, nowMs: number): void {
    node.return(nowMs, reason === 'probe');
    this.ejected--;
    this.#onEvent({ kind: 'returned', node: node.id, reason, ejected: this.ejected, nodes: this.#nodes.size });
  }

  /**
   * More than half of the nodes bad: it is what they all depend on, or us. Then those that are out must help, and none is
   * put out for a whole history, in which those that came back can show how they are.
   */
  #checkPanic(nowMs: number): void {
    const { intervals, intervalMs } = this.options;
    if (this.#panicSinceMs !== undefined && nowMs - this.#panicSinceMs < intervals * intervalMs) return;
    let bad = 0;
    for (const node of this.#nodes) if (node.isOut || this.#isFailing(node)) bad++;
    if (bad * 2 <= this.#nodes.size) {
      this.#panicSinceMs = undefined;
      return;
    }
    this.#panicSinceMs = nowMs;
    for (const node of this.#nodes) if (node.isOut) this.#return(node, 'panic', nowMs);
  }

  #isFailing({ run, last }: NodeState): boolean {
    const { consecutiveFailures, failureShare, minCalls } = this.options;
    return run >= consecutiveFailures || (last.calls >= minCalls && last.failures >= failureShare * last.calls);
  }

  /** The ring has another size: what was counted is forgotten, who is out stays out. */
  #restart(): void {
    this.#slot = 0;
    for (const node of this.#nodes) node.forget(this.options.intervals);
  }
}
