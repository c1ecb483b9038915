import type { MetricType } from '../otlp/records.ts';
import { heldMs } from '../store/series-table.ts';
import { bucketQuantile } from './bucket-quantile.ts';
import type { SeriesQuery } from './queries.ts';
import type { ReadChunk } from './read-chunks.ts';

export interface MetricName {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
}

/**
 * One metric over time. The points of a gauge are its values, those of a counter what it grew per second (`unit` says
 * `/s`), those of a histogram its observations per second, with the percentiles of each step beside them.
 */
export interface MetricAnswer {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly series: readonly MetricSeries[];
  /** There are more series than are shown. */
  readonly incomplete: boolean;
}

export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly service: string;
  readonly instance: string;
  readonly points: readonly (readonly [number, number])[];
  readonly histogram?: readonly (readonly [number, HistogramStep])[];
}

export interface HistogramStep {
  readonly count: number;
  readonly sum: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

interface SeriesRow {
  readonly id: number;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly service: string;
  readonly instance: string;
  readonly labels: string;
  readonly bounds: string;
}

interface Sample {
  readonly timeMs: number;
  readonly value: number;
  readonly count: number;
  readonly counts: string;
}

const maxSeries = 200;
const maxNames = 2000;

export function metricNames(chunks: Iterable<ReadChunk>, service: string): { names: MetricName[] } {
  const names = new Map<string, MetricName>();
  const which = service === '' ? '' : 'WHERE service = ?';
  const sql = `SELECT DISTINCT name, type, unit, description FROM series ${which} LIMIT ${maxNames}`;
  for (const chunk of chunks) {
    for (const row of chunk.all<MetricName>(sql, ...(service === '' ? [] : [service]))) {
      if (!names.has(row.name)) names.set(row.name, { ...row });
    }
  }
  return { names: [...names.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Never fails for an unknown name: it has no series. */
export function metric(chunks: Iterable<ReadChunk>, query: SeriesQuery): MetricAnswer {
  const found = new Map<string, { readonly row: SeriesRow; readonly samples: Sample[] }>();
  let isCut = false;
  for (const chunk of chunks) {
    for (const row of seriesRows(chunk, query)) {
      const key = [row.type, row.service, row.instance, row.labels, row.bounds].join('\u0000');
      let series = found.get(key);
      if (series === undefined && found.size >= maxSeries) {
        isCut = true;
        continue;
      }
      series ??= { row, samples: [] };
      found.set(key, series);
      series.samples.push(...samplesOf(chunk, row.id, query));
    }
  }
  const all = [...found.values()];
  const type = all[0]?.row.type ?? 'gauge';
  const unit = all[0]?.row.unit ?? '';
  return {
    name: query.name,
    type,
    unit: type === 'counter' ? `${unit}/s` : unit,
    description: all[0]?.row.description ?? '',
    series: all.filter(({ row }) => row.type === type).map(({ row, samples }) => toSeries(row, samples, query)),
    incomplete: isCut,
  };
}

function seriesRows(chunk: ReadChunk, { name, service }: SeriesQuery): SeriesRow[] {
  const which = service === '' ? '' : 'AND service = ?';
  const sql = `SELECT id, type, unit, description, service, instance, labels, bounds FROM series WHERE name = ? ${which}
    ORDER BY id DESC LIMIT ${maxSeries + 1}`;
  return chunk.all<SeriesRow>(sql, ...(service === '' ? [name] : [name, service]));
}

function samplesOf(chunk: ReadChunk, id: number, { sinceMs, untilMs, stepMs }: SeriesQuery): Sample[] {
  const range = [id, Math.floor(sinceMs - heldMs - stepMs), Math.floor(untilMs)] as const;
  // The last of each step is enough: values are cumulative or current. SQLite takes the other columns from max()'s row.
  const last = `SELECT max(time_ms) AS timeMs, value, count, counts FROM points
    WHERE series = ? AND time_ms BETWEEN ? AND ? GROUP BY time_ms / ?`;
  // The first is what the first step grew from.
  const first = `SELECT time_ms AS timeMs, value, count, counts FROM points
    WHERE series = ? AND time_ms BETWEEN ? AND ? ORDER BY time_ms LIMIT 1`;
  return [...chunk.all<Sample>(first, ...range), ...chunk.all<Sample>(last, ...range, Math.floor(stepMs))];
}

/** Walks the steps with the last sample at the end of each, which holds for a while. */
function toSeries(row: SeriesRow, samples: Sample[], { sinceMs, untilMs, stepMs }: SeriesQuery): MetricSeries {
  samples.sort((a, b) => a.timeMs - b.timeMs);
  const bounds = row.bounds === '' ? [] : (JSON.parse(row.bounds) as number[]);
  const points: [number, number][] = [];
  const histogram: [number, HistogramStep][] = [];
  const firstStep = Math.floor(sinceMs / stepMs) * stepMs;
  let next = 0;
  let current: Sample | undefined;
  while (next < samples.length && samples[next]!.timeMs < firstStep) current = samples[next++];
  for (let start = firstStep; start <= untilMs; start += stepMs) {
    let before = current;
    while (next < samples.length && samples[next]!.timeMs < start + stepMs) {
      before ??= samples[next];
      current = samples[next++];
    }
    if (current !== undefined && current.timeMs < start - heldMs) current = undefined;
    if (current === undefined) continue;
    if (row.type === 'gauge') points.push([start, current.value]);
    else if (before !== undefined) addIncrease(row, bounds, before, current, start, stepMs, points, histogram);
  }
  const { service, instance } = row;
  const labels = JSON.parse(row.labels) as Record<string, string>;
  return { labels, service, instance, points, ...(row.type === 'histogram' && { histogram }) };
}

function addIncrease(
  row: SeriesRow,
  bounds: readonly number[],
  before: Sample,
  now: Sample,
  start: number,
  stepMs: number,
  points: [number, number][],
  histogram: [number, HistogramStep][],
): void {
  if (row.type === 'counter') {
    points.push([start, perSecond(increase(before.value, now.value), stepMs)]);
    return;
  }
  const isRestart = now.count < before.count;
  const earlier = isRestart ? [] : parseCounts(before);
  const counts = parseCounts(now).map((count, i) => count - (earlier[i] ?? 0));
  const count = increase(before.count, now.count);
  const quantile = (q: number) => bucketQuantile(bounds, counts, q);
  points.push([start, perSecond(count, stepMs)]);
  const sum = isRestart ? now.value : now.value - before.value;
  histogram.push([start, { count, sum, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) }]);
}

function parseCounts(sample: Sample): number[] {
  return sample.counts === '' ? [] : (JSON.parse(sample.counts) as number[]);
}

/** A counter that fell was restarted: it counted from 0 again. */
function increase(before: number, now: number): number {
  return now >= before ? now - before : now;
}

function perSecond(value: number, stepMs: number): number {
  return Math.round((value / stepMs) * 1e6) / 1000;
}
