import { addLatencies, type LatencyBuckets, latencyQuantile, parseLatencies } from '../store/latency-buckets.ts';
import type { RatesQuery, WindowQuery } from './queries.ts';
import type { ReadChunk } from './read-chunks.ts';

export interface RatePoint {
  readonly timeMs: number;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
}

export interface ServiceRates {
  readonly name: string;
  readonly version: string;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** The same by the lane of the calls, the baseline ('') too; empty where no call had a lane. The busiest twenty. */
  readonly lanes: readonly LaneRates[];
}

export interface LaneRates {
  readonly lane: string;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface MapAnswer {
  readonly nodes: readonly {
    readonly service: string;
    readonly requestsPerSecond: number;
    readonly errorRate: number;
  }[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly requestsPerSecond: number;
    readonly errorRate: number;
    readonly p99Ms: number | null;
  }[];
}

interface Row {
  readonly second: number;
  readonly calls: number;
  readonly errors: number;
  readonly buckets: string;
}

interface Sum {
  calls: number;
  errors: number;
  readonly latencies: LatencyBuckets;
}

/** Calls answered per step: by one service, or by all. Steps without calls are there, with nulls for their percentiles. */
export function rates(chunks: Iterable<ReadChunk>, query: RatesQuery): { points: RatePoint[] } {
  const { sinceMs, untilMs, stepMs, service } = query;
  const firstStep = Math.floor(sinceMs / stepMs);
  const lastStep = Math.floor(untilMs / stepMs);
  const sums = new Map<number, Sum>();
  const which = service === '' ? '' : 'service = ? AND';
  const sql = `SELECT second, calls, errors, buckets FROM calls WHERE ${which} second BETWEEN ? AND ?`;
  const range = [Math.floor((firstStep * stepMs) / 1000), Math.floor(untilMs / 1000)];
  for (const chunk of chunks) {
    for (const row of chunk.iterate<Row>(sql, ...(service === '' ? range : [service, ...range]))) {
      add(sums, Math.floor((row.second * 1000) / stepMs), row);
    }
  }
  const points: RatePoint[] = [];
  for (let step = firstStep; step <= lastStep; step++) {
    const sum = sums.get(step) ?? none;
    points.push({
      timeMs: step * stepMs,
      ...rateOf(sum, stepMs / 1000),
      p50Ms: latencyQuantile(sum.latencies, 0.5),
      p90Ms: latencyQuantile(sum.latencies, 0.9),
      p99Ms: latencyQuantile(sum.latencies, 0.99),
    });
  }
  return { points };
}

/** What each service answered in the window, and the version that was seen last. */
export function serviceRates(chunks: Iterable<ReadChunk>, query: WindowQuery): { services: ServiceRates[] } {
  const sums = new Map<string, Sum>();
  const versions = new Map<string, string>();
  const firstSecond = new Map<string, number>();
  const byLane = new Map<string, Map<string, Sum>>();
  const sql = 'SELECT service, lane, second, calls, errors, buckets FROM calls WHERE second BETWEEN ? AND ?';
  for (const chunk of chunks) {
    for (const row of chunk.iterate<Row & { service: string; lane: string }>(sql, ...seconds(query))) {
      add(sums, row.service, row);
      const lanes = byLane.get(row.service) ?? new Map<string, Sum>();
      byLane.set(row.service, lanes);
      add(lanes, row.lane, row);
    }
    for (const { service, version } of emitters(chunk)) if (!versions.has(service)) versions.set(service, version);
    for (const { service, first } of firsts(chunk)) {
      firstSecond.set(service, Math.min(first, firstSecond.get(service) ?? first));
    }
  }
  const services = [...versions].map(([name, version]) => {
    const elapsed = elapsedSeconds(query, firstSecond.get(name));
    return {
      name,
      version,
      ...summaryOf(sums.get(name) ?? none, elapsed),
      lanes: laneRates(byLane.get(name), elapsed),
    };
  });
  return { services: services.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Only where there is something to compare. */
function laneRates(sums: ReadonlyMap<string, Sum> = new Map(), elapsed: number): LaneRates[] {
  if ([...sums.keys()].every((lane) => lane === '')) return [];
  const busiest = [...sums].sort(([, a], [, b]) => b.calls - a.calls).slice(0, maxLanes);
  return busiest
    .map(([lane, sum]) => ({ lane, ...summaryOf(sum, elapsed) }))
    .sort((a, b) => (a.lane < b.lane ? -1 : 1));
}

/** More than anyone compares. */
const maxLanes = 20;

function summaryOf(sum: Sum, elapsed: number) {
  return {
    ...rateOf(sum, elapsed),
    p50Ms: latencyQuantile(sum.latencies, 0.5),
    p99Ms: latencyQuantile(sum.latencies, 0.99),
  };
}

/** Who calls whom in the window. A service that only calls is a node without requests. */
export function serviceMap(chunks: Iterable<ReadChunk>, query: WindowQuery): MapAnswer {
  const nodes = new Map<string, Sum>();
  const edges = new Map<string, Sum & { readonly from: string; readonly to: string }>();
  let first = Number.POSITIVE_INFINITY;
  const nodeSql = 'SELECT service, second, calls, errors, buckets FROM calls WHERE second BETWEEN ? AND ?';
  const edgeSql = 'SELECT source, target, second, calls, errors, buckets FROM edges WHERE second BETWEEN ? AND ?';
  for (const chunk of chunks) {
    for (const row of chunk.iterate<Row & { service: string }>(nodeSql, ...seconds(query))) {
      add(nodes, row.service, row);
      first = Math.min(first, row.second);
    }
    for (const row of chunk.iterate<Row & { source: string; target: string }>(edgeSql, ...seconds(query))) {
      const key = `${row.source}\u0000${row.target}`;
      if (!edges.has(key)) edges.set(key, { ...empty(), from: row.source, to: row.target });
      add(edges, key, row);
    }
  }
  for (const { from, to } of edges.values()) {
    for (const name of [from, to]) if (!nodes.has(name)) nodes.set(name, none);
  }
  const elapsed = elapsedSeconds(query, first);
  return {
    nodes: [...nodes].map(([service, sum]) => ({ service, ...rateOf(sum, elapsed) })),
    edges: [...edges.values()].map((edge) => ({
      from: edge.from,
      to: edge.to,
      ...rateOf(edge, elapsed),
      p99Ms: latencyQuantile(edge.latencies, 0.99),
    })),
  };
}

const none: Sum = { calls: 0, errors: 0, latencies: new Map() };

function empty(): Sum {
  return { calls: 0, errors: 0, latencies: new Map() };
}

function add<K>(sums: Map<K, Sum>, key: K, row: Row): void {
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = empty();
    sums.set(key, sum);
  }
  sum.calls += row.calls;
  sum.errors += row.errors;
  addLatencies(sum.latencies, parseLatencies(row.buckets));
}

function rateOf({ calls, errors }: Sum, elapsedSeconds: number): { requestsPerSecond: number; errorRate: number } {
  return {
    requestsPerSecond: Math.round((calls / elapsedSeconds) * 1e6) / 1e6,
    errorRate: calls === 0 ? 0 : errors / calls,
  };
}

/** A fleet that started ten seconds ago has its calls divided by ten, not by the whole window. */
function elapsedSeconds({ sinceMs, untilMs }: WindowQuery, first = Number.POSITIVE_INFINITY): number {
  const from = Math.max(sinceMs, Math.min(first * 1000, untilMs));
  return Math.max(minElapsedSeconds, (untilMs - from) / 1000);
}

const minElapsedSeconds = 5;

function seconds({ sinceMs, untilMs }: WindowQuery): [number, number] {
  return [Math.floor(sinceMs / 1000), Math.floor(untilMs / 1000)];
}

/** The last seen version of each service comes first. */
function emitters(chunk: ReadChunk): { service: string; version: string }[] {
  return chunk.all('SELECT service, version FROM emitters ORDER BY id DESC LIMIT 10000');
}

function firsts(chunk: ReadChunk): { service: string; first: number }[] {
  return chunk.all('SELECT service, min(second) AS first FROM calls GROUP BY service LIMIT 10000');
}
