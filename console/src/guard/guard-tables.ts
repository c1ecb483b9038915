import type { MetricAnswer, MetricSeries } from '../api/answers.ts';

/** The metrics of guards that the page reads, by what they are here. */
export const guardMetrics = {
  decisions: 'guard.decisions',
  refusals: 'guard.overload.refusals',
  level: 'guard.overload.level',
  delay: 'guard.overload.delay',
  limits: 'guard.concurrency.limit',
  inFlight: 'guard.concurrency.in_flight',
  breakerStates: 'guard.breaker.state',
  breakerRefused: 'guard.breaker.refused',
  retryTokens: 'guard.retry.tokens',
  retries: 'guard.retries',
  ejected: 'guard.outlier.ejected',
  ejections: 'guard.outlier.ejections',
  bulkheadsInFlight: 'guard.bulkhead.in_flight',
  bulkheadsQueued: 'guard.bulkhead.queued',
  quotaShares: 'guard.quota.share',
  quotaWants: 'guard.quota.wants',
  memory: 'guard.memory.used_share',
  stalls: 'guard.watchdog.stalls',
} as const;

export type GuardMetric = keyof typeof guardMetrics;
export type GuardAnswers = Readonly<Partial<Record<GuardMetric, MetricAnswer>>>;

export const priorities = ['critical', 'default', 'sheddable', 'background'] as const;

/** What one guard refused for one reason, or let through; per second over the range. */
export interface DecisionRow {
  readonly service: string;
  /** overload, limit, quota, bulkhead, breaker, deadline */
  readonly guard: string;
  /** The method, or the limit's name. */
  readonly name: string;
  readonly decision: string;
  readonly perSecond: number;
  readonly byPriority: Readonly<Partial<Record<string, number>>>;
}

/** Decisions by service, guard, name and reason, most frequent first. Points of a counter are growth per second. */
export function decisionRows(answer: MetricAnswer | undefined): DecisionRow[] {
  const rows = new Map<string, DecisionRow & { perSecond: number; byPriority: Record<string, number> }>();
  for (const series of answer?.series ?? []) {
    const { guard = '', name = '', priority = '', decision = '' } = series.labels;
    const perSecond = meanOf(series);
    if (perSecond === 0) continue;
    const key = JSON.stringify([series.service, guard, name, decision]);
    const row = rows.get(key) ?? { service: series.service, guard, name, decision, perSecond: 0, byPriority: {} };
    rows.set(key, row);
    row.perSecond += perSecond;
    row.byPriority[priority] = (row.byPriority[priority] ?? 0) + perSecond;
  }
  return [...rows.values()].sort((a, b) => b.perSecond - a.perSecond || (a.name < b.name ? -1 : 1));
}

/** A line of decisions over time: all that were let through, or all that were refused for one reason. */
export interface DecisionLine {
  readonly decision: string;
  readonly values: readonly (number | null)[];
}

/** Lines over times that they share. */
export interface DecisionLines {
  readonly timesMs: readonly number[];
  readonly lines: readonly DecisionLine[];
}

/** The sum of the series over time, a line for each value of a label. */
export function linesBy(label: string, answer: MetricAnswer | undefined, series = answer?.series ?? []): DecisionLines {
  const sums = new Map<string, Map<number, number>>();
  for (const { labels, points } of series) {
    const value = labels[label] ?? '';
    const sum = sums.get(value) ?? new Map<number, number>();
    sums.set(value, sum);
    for (const [timeMs, count] of points) sum.set(timeMs, (sum.get(timeMs) ?? 0) + (count ?? 0));
  }
  const timesMs = [...new Set([...sums.values()].flatMap((sum) => [...sum.keys()]))].sort((a, b) => a - b);
  const lines = [...sums].map(([decision, sum]) => ({
    decision,
    values: timesMs.map((timeMs) => sum.get(timeMs) ?? 0),
  }));
  return { timesMs, lines: lines.sort((a, b) => rankOf(a) - rankOf(b) || (a.decision < b.decision ? -1 : 1)) };
}

function rankOf({ decision }: DecisionLine): number {
  return decision === 'admitted' ? 0 : 1;
}

/** Calls that servers took on and refused, by reason. Callers decide about the same calls; they are left out. */
export function decisionLines(answer: MetricAnswer | undefined): DecisionLines {
  const counted = (answer?.series ?? []).filter(({ labels: { guard = '', decision = '' } }) => {
    // A call that one guard lets through is asked about by the next: only the first of a server counts what it admits.
    return guard !== 'breaker' && (decision !== 'admitted' || guard === 'overload');
  });
  return linesBy('decision', answer, counted);
}

/** The state of one thing that has gauges: a method, a target, a tenant, a bulkhead. */
export interface GaugeRow {
  readonly service: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The last value of each gauge, by its name here. */
  readonly values: Readonly<Partial<Record<GuardMetric, number>>>;
}

/** Puts several gauges with the same labels side by side, an instance each; what no instance has told of lately is left out. */
export function gaugeRows(answers: GuardAnswers, metrics: readonly GuardMetric[]): GaugeRow[] {
  const rows = new Map<string, GaugeRow & { values: Partial<Record<GuardMetric, number>> }>();
  for (const metric of metrics) {
    for (const series of answers[metric]?.series ?? []) {
      const value = lastOf(series);
      if (value === undefined) continue;
      const { service, instance, labels } = series;
      const key = JSON.stringify([service, instance, Object.entries(labels).sort()]);
      const row = rows.get(key) ?? { service, instance, labels, values: {} };
      rows.set(key, row);
      row.values[metric] = value;
    }
  }
  return [...rows.values()];
}

/** How full a limit is, 0 to 1; 0 where there is none. */
export function fullness(row: GaugeRow, used: GuardMetric, limit: GuardMetric): number {
  const most = row.values[limit] ?? 0;
  return most > 0 ? Math.min(1, (row.values[used] ?? 0) / most) : 0;
}

function meanOf({ points }: MetricSeries): number {
  const known = points.filter(([, value]) => value !== null);
  return known.length === 0 ? 0 : known.reduce((sum, [, value]) => sum + (value ?? 0), 0) / known.length;
}

function lastOf({ points }: MetricSeries): number | undefined {
  return points.at(-1)?.[1] ?? points.at(-2)?.[1] ?? undefined;
}
