import type { Sample } from './node-history.ts';
import type { OutlierOptions, OutlierReason } from './outlier.ts';

/** What a node is compared with: the nodes that are in and had enough calls. */
export interface GroupFigures {
  /** Over all of them together. */
  readonly calls: number;
  readonly failures: number;
  /** How many had enough calls. */
  readonly nodes: number;
  /** Below this a success rate is an outlier's. Undefined with too few nodes. */
  readonly leastSuccessRate: number | undefined;
  /** The lower median. Undefined with fewer than three nodes: two are no group. */
  readonly medianMs: number | undefined;
}

/** Nobody was compared yet. */
export const noFigures: GroupFigures = {
  calls: 0,
  failures: 0,
  nodes: 0,
  leastSuccessRate: undefined,
  medianMs: undefined,
};

/** By failures a node stands out only where it fails so many times as often as the others. */
const timesOthers = 2;
/** A run of failures that has this chance among the others is none of the node's own. */
const chanceOfRun = 1e-6;
const minLatencyNodes = 3;

export function groupFigures(samples: readonly Sample[], options: OutlierOptions): GroupFigures {
  let calls = 0;
  let failures = 0;
  const rates: number[] = [];
  const latencies: number[] = [];
  for (const sample of samples) {
    calls += sample.calls;
    failures += sample.failures;
    if (sample.calls < options.minCalls) continue;
    rates.push(1 - sample.failures / sample.calls);
    if (sample.latencyMs !== undefined) latencies.push(sample.latencyMs);
  }
  latencies.sort((a, b) => a - b);
  return {
    calls,
    failures,
    nodes: rates.length,
    leastSuccessRate: rates.length < options.minDeviationNodes ? undefined : leastRate(rates, options.deviations),
    medianMs: latencies.length < minLatencyNodes ? undefined : latencies[(latencies.length - 1) >> 1],
  };
}

/** Why the node stands out from its group, or undefined. */
export function verdict(node: Sample, group: GroupFigures, options: OutlierOptions): OutlierReason | undefined {
  if (node.calls < options.minCalls) return undefined;
  const share = node.failures / node.calls;
  if (node.failures >= options.consecutiveFailures && share >= timesOthers * othersShare(node, group)) {
    if (share >= options.failureShare) return 'failure_share';
    const { leastSuccessRate } = group;
    if (leastSuccessRate !== undefined && 1 - share < leastSuccessRate && share >= options.minDeviationShare)
      return 'success_rate';
  }
  return isSlow(node.latencyMs, group.medianMs, options) ? 'latency' : undefined;
}

export function isSlow(latencyMs: number | undefined, medianMs: number | undefined, options: OutlierOptions): boolean {
  if (latencyMs === undefined || medianMs === undefined) return false;
  return latencyMs >= options.slowFactor * medianMs && latencyMs - medianMs >= options.minSlowMs;
}

/**
 * How many failures in a row are no chance where the others fail with this share: `consecutiveFailures` while they are
 * well, 20 where half of all calls fail. A group that sheds half of its load must not lose nodes to it besides.
 */
export function runOf(share: number, options: OutlierOptions): number {
  if (share <= 0) return options.consecutiveFailures;
  if (share >= 1) return Number.POSITIVE_INFINITY;
  return Math.max(options.consecutiveFailures, Math.ceil(Math.log(chanceOfRun) / Math.log(share)));
}

/** The share of failures of the group without the node. */
export function othersShare(node: Pick<Sample, 'calls' | 'failures'>, group: GroupFigures): number {
  const calls = group.calls - node.calls;
  return calls <= 0 ? 0 : (group.failures - node.failures) / calls;
}

function leastRate(rates: readonly number[], deviations: number): number {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  return mean - deviations * Math.sqrt(variance);
}
