import type { MetricAnswer } from '../api/answers.ts';

/** How one method of a service did over a range. */
export interface Route {
  readonly method: string;
  readonly calls: number;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/**
 * Adds up the call-duration histograms of a service by method, busiest first. Percentiles of several steps, codes and
 * instances cannot be put together exactly: these are their means, weighted by calls. Rates are over the time from the first
 * to the last step, since a service may be younger than the range.
 */
export function routesOf(answers: readonly MetricAnswer[], stepMs: number): Route[] {
  const { seconds, sums } = addUp(answers, stepMs);
  const routes = [...sums].map(([method, { calls, errors, p50, p99 }]) => ({
    method,
    calls,
    requestsPerSecond: calls / seconds,
    errorRate: calls === 0 ? 0 : errors / calls,
    p50Ms: p50.meanMs(),
    p99Ms: p99.meanMs(),
  }));
  return routes.filter((route) => route.calls > 0).sort((a, b) => b.calls - a.calls || (a.method < b.method ? -1 : 1));
}

function addUp(answers: readonly MetricAnswer[], stepMs: number) {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  const sums = new Map<string, { calls: number; errors: number; p50: Weighted; p99: Weighted }>();
  for (const series of answers.flatMap((answer) => answer.series)) {
    const method = series.labels.method ?? '';
    const sum = sums.get(method) ?? { calls: 0, errors: 0, p50: new Weighted(), p99: new Weighted() };
    sums.set(method, sum);
    for (const [timeMs, point] of series.histogram ?? []) {
      firstMs = Math.min(firstMs, timeMs);
      lastMs = Math.max(lastMs, timeMs);
      sum.calls += point.count;
      if (series.labels.code !== 'ok') sum.errors += point.count;
      sum.p50.add(point.p50, point.count);
      sum.p99.add(point.p99, point.count);
    }
  }
  return { sums, seconds: Math.max(stepMs, lastMs + stepMs - firstMs) / 1000 };
}

class Weighted {
  #sum = 0;
  #weight = 0;

  add(seconds: number | null, weight: number): void {
    if (seconds === null || weight === 0) return;
    this.#sum += seconds * weight;
    this.#weight += weight;
  }

  meanMs(): number | null {
    return this.#weight === 0 ? null : (this.#sum / this.#weight) * 1000;
  }
}
