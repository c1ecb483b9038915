import type { HistogramPoint, MetricAnswer, MetricSeries } from '../api/answers.ts';
import { shortenMethods } from '../format/method-name.ts';
import { mergeInstances } from './merge-instances.ts';

/** What of a histogram is drawn. */
export const histogramStats = ['p50', 'p90', 'p99', 'mean', 'rate'] as const;
export type HistogramStat = (typeof histogramStats)[number];

/** A line of a metric's chart, aligned with the times that all lines share. */
export interface MetricLine {
  readonly id: string;
  /** The service, and the labels in which the lines differ. */
  readonly name: string;
  readonly service: string;
  readonly values: readonly (number | null)[];
  readonly last: number | null;
  readonly max: number | null;
}

export interface MetricLines {
  readonly timesMs: readonly number[];
  /** Highest maximum first. */
  readonly lines: readonly MetricLine[];
}

export interface MetricLinesOptions {
  readonly stat: HistogramStat;
  readonly stepMs: number;
  /** A line for each instance. Default: their sum, except for gauges. */
  readonly isByInstance?: boolean;
}

/** Turns an answer into lines over one common time axis. Where a series has no value, its line has a gap. */
export function metricLines(answer: MetricAnswer, options: MetricLinesOptions): MetricLines {
  const { stat, stepMs, isByInstance = false } = options;
  const all = isByInstance || answer.type === 'gauge' ? answer.series : mergeInstances(answer.series);
  const names = seriesNames(all);
  const columns = all.map((series) => new Map(valuesOf(series, stat, stepMs)));
  const timesMs = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
  const lines = all.map((series, index): MetricLine => {
    const values = timesMs.map((timeMs) => columns[index]!.get(timeMs) ?? null);
    const known = values.filter((value) => value !== null);
    return {
      id: JSON.stringify([series.service, series.instance, series.labels]),
      name: names[index]!,
      service: series.service,
      values,
      last: known.at(-1) ?? null,
      max: known.length === 0 ? null : known.reduce((a, b) => Math.max(a, b)),
    };
  });
  lines.sort((a, b) => (b.max ?? -1) - (a.max ?? -1) || (a.name < b.name ? -1 : 1));
  return { timesMs, lines };
}

/** The unit of what is drawn: that of the metric, or per second for rates. */
export function unitOf(answer: Pick<MetricAnswer, 'type' | 'unit'>, stat: HistogramStat): string {
  return answer.type === 'histogram' && stat === 'rate' ? '/s' : answer.unit;
}

/** True where so many label sets were recorded that the rest was put together: sums of some labels then miss a part. */
export function hasOverflow(series: readonly Pick<MetricSeries, 'labels'>[]): boolean {
  return series.some((each) => Object.hasOwn(each.labels, 'otel.metric.overflow'));
}

/** Service first, then the values of the labels that tell the series apart; the instance only where nothing else does. */
function seriesNames(series: readonly MetricSeries[]): string[] {
  const labels = [...new Set(series.flatMap((each) => Object.keys(each.labels)))];
  const telling = labels.filter((label) => new Set(series.map((each) => each.labels[label])).size > 1);
  const names = series.map((each) =>
    [
      each.service,
      ...telling.map((label) => shortenMethods(each.labels[label] ?? '')).filter((value) => value !== ''),
    ].join(' · '),
  );
  return names.map((name, index) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} · ${series[index]!.instance}`,
  );
}

function valuesOf(series: MetricSeries, stat: HistogramStat, stepMs: number): (readonly [number, number | null])[] {
  if (series.histogram === undefined) return series.points.map(([timeMs, value]) => [timeMs, value]);
  return series.histogram.map(([timeMs, point]) => [timeMs, statOf(point, stat, stepMs)]);
}

function statOf(point: HistogramPoint, stat: HistogramStat, stepMs: number): number | null {
  if (stat === 'rate') return point.count / (stepMs / 1000);
  if (point.count === 0) return null;
  return stat === 'mean' ? point.sum / point.count : point[stat];
}
