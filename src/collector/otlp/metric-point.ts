import { cut, type Emitter, type HistogramPoint, isTime, type MetricPoint, maxNameLength } from './records.ts';

/** What kind of metric a point belongs to, as either encoding says it. */
export interface MetricShape {
  kind: 'gauge' | 'sum' | 'histogram';
  isDelta: boolean;
  isMonotonic: boolean;
}

export interface RawPoint {
  nanos: number;
  startNanos: number;
  /** NaN: the point has no number. */
  value: number;
  attributes: Record<string, unknown>;
  histogram?: { count: number; bounds: number[]; counts: number[] };
}

export interface MetricName {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
}

const maxBuckets = 500;
const maxLabels = 32;

/** The point as it is stored, or why it cannot be. */
export function metricPoint(
  metric: MetricName,
  shape: MetricShape,
  point: RawPoint,
  emitter: Emitter,
): MetricPoint | string {
  const named = `metric ${JSON.stringify(cut(metric.name, 80))}`;
  if (metric.name === '') return 'a metric has no name';
  if (!Number.isFinite(point.value)) return `${named} has a point without a finite number`;
  if (!isTime(point.nanos) || !isTime(point.startNanos))
    return `${named} has a point with a time out of range: before 1970 or after 2255`;
  const histogram = shape.kind === 'histogram' ? bucketsOf(point) : undefined;
  if (histogram === 'invalid') return `${named} has bucket_counts that do not fit its explicit_bounds`;
  return {
    emitter,
    name: cut(metric.name, maxNameLength),
    description: cut(metric.description, maxNameLength),
    unit: cut(metric.unit, 64),
    type: histogram !== undefined ? 'histogram' : shape.kind === 'sum' && shape.isMonotonic ? 'counter' : 'gauge',
    isDelta: shape.isDelta && shape.kind !== 'gauge',
    labels: labelsOf(point.attributes),
    timeMs: point.nanos === 0 ? Date.now() : Math.round(point.nanos / 1e6),
    startMs: Math.round(point.startNanos / 1e6),
    value: point.value,
    histogram,
  };
}

export function unsupported(name: string, kind: string): string {
  return `metric ${JSON.stringify(cut(name, 80))} is an ${kind}: send explicit-bucket histograms`.replace(
    'an s',
    'a s',
  );
}

/** A histogram without buckets (bounds and counts empty) has one bucket for everything. */
function bucketsOf({ histogram }: RawPoint): HistogramPoint | 'invalid' {
  if (histogram === undefined) return 'invalid';
  const { count, bounds, counts } = histogram;
  if (counts.length === 0 && bounds.length === 0) return { count, bounds, counts: [count] };
  const fits = counts.length === bounds.length + 1 && counts.length <= maxBuckets;
  const isGrowing = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!));
  return fits && isGrowing && [count, ...counts].every((each) => each >= 0 && each <= Number.MAX_SAFE_INTEGER)
    ? { count, bounds, counts }
    : 'invalid';
}

/** Labels as text, sorted by name, so that the same combination is always the same series. */
function labelsOf(attributes: Record<string, unknown>): Record<string, string> {
  const names = Object.keys(attributes).sort().slice(0, maxLabels);
  return Object.fromEntries(
    names.map((name) => {
      const value = attributes[name];
      return [cut(name, maxNameLength), cut(typeof value === 'string' ? value : JSON.stringify(value), maxNameLength)];
    }),
  );
}
