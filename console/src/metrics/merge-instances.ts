import type { HistogramPoint, MetricSeries } from '../api/answers.ts';

/**
 * Puts the series of a service's instances together where their labels are equal: what grew is added up. Percentiles cannot
 * be put together exactly; theirs are the means, weighted by observations. A restarted replica, which is a new instance,
 * thereby goes on with its line. Not for gauges: the memory of two processes is no third one.
 */
export function mergeInstances(series: readonly MetricSeries[]): MetricSeries[] {
  const groups = new Map<string, MetricSeries[]>();
  for (const each of series) {
    const labels = Object.entries(each.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([each.service, labels]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()].map((group) => (group.length === 1 ? group[0]! : merge(group)));
}

function merge(group: readonly MetricSeries[]): MetricSeries {
  const points = new Map<number, number>();
  const histogram = new Map<number, HistogramPoint>();
  for (const each of group) {
    for (const [timeMs, value] of each.points) points.set(timeMs, (points.get(timeMs) ?? 0) + (value ?? 0));
    for (const [timeMs, point] of each.histogram ?? []) {
      const known = histogram.get(timeMs);
      histogram.set(timeMs, known === undefined ? point : add(known, point));
    }
  }
  const { labels, service } = group[0]!;
  const merged = { labels, service, instance: '', points: inOrder(points) };
  return group.some((each) => each.histogram !== undefined) ? { ...merged, histogram: inOrder(histogram) } : merged;
}

function add(a: HistogramPoint, b: HistogramPoint): HistogramPoint {
  const mean = (left: number | null, right: number | null) => {
    if (left === null || a.count === 0) return right;
    if (right === null || b.count === 0) return left;
    return (left * a.count + right * b.count) / (a.count + b.count);
  };
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    p50: mean(a.p50, b.p50),
    p90: mean(a.p90, b.p90),
    p99: mean(a.p99, b.p99),
  };
}

function inOrder<T>(byTime: ReadonlyMap<number, T>): [number, T][] {
  return [...byTime].sort(([a], [b]) => a - b);
}
