import type { Child, MetricFamily } from '../instruments.ts';
import { writeKeyValue } from './attributes.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/*
 * opentelemetry/proto/metrics/v1/metrics.proto
 *   Metric             { 1 name, 2 description, 3 unit, 5 gauge (Gauge), 7 sum (Sum), 9 histogram (Histogram) }
 *   Gauge              { 1 data_points (repeated NumberDataPoint) }
 *   Sum                { 1 data_points (repeated NumberDataPoint), 2 aggregation_temporality (enum), 3 is_monotonic (bool) }
 *   Histogram          { 1 data_points (repeated HistogramDataPoint), 2 aggregation_temporality (enum) }
 *   NumberDataPoint    { 2 start_time_unix_nano (fixed64), 3 time_unix_nano (fixed64), 4 as_double, 6 as_int (sfixed64),
 *                        7 attributes (repeated KeyValue) }
 *   HistogramDataPoint { 2 start_time_unix_nano (fixed64), 3 time_unix_nano (fixed64), 4 count (fixed64), 5 sum (double),
 *                        6 bucket_counts (repeated fixed64), 7 explicit_bounds (repeated double), 9 attributes (repeated KeyValue) }
 *   AggregationTemporality: 2 cumulative
 */

const cumulative = 2;

/** The metrics as fields 2 (`metrics`) of a ScopeMetrics, and how many data points they have. */
export function encodeMetrics(
  families: Iterable<MetricFamily>,
  startMs: number,
  nowMs: number,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly points: number } {
  const writer = new ProtobufWriter(16 * 1024);
  let points = 0;
  for (const family of families) {
    const metric = writer.open(2);
    writer.string(1, family.name);
    if (family.description !== '') writer.string(2, family.description);
    if (family.unit !== '') writer.string(3, family.unit);
    const data = writer.open(family.kind === 'gauge' ? 5 : family.kind === 'counter' ? 7 : 9);
    for (const child of family.children) points += writePoint(writer, family, child, startMs * 1e6, nowMs * 1e6);
    if (family.kind !== 'gauge') writer.uint(2, cumulative);
    if (family.kind === 'counter') writer.bool(3, true);
    writer.close(data);
    writer.close(metric);
  }
  return { bytes: writer.toBytes(), points };
}

function writePoint(writer: ProtobufWriter, family: MetricFamily, child: Child, start: number, now: number): number {
  const value = child.read();
  if (Number.isNaN(value)) return 0;
  const point = writer.open(1);
  if (family.kind !== 'gauge') writer.fixed64(2, start);
  writer.fixed64(3, now);
  const { histogram } = child;
  if (histogram === undefined) {
    writer.double(4, value);
  } else {
    writer.fixed64(4, histogram.count);
    writer.double(5, histogram.sum);
    writer.packedFixed64(6, histogram.counts);
    writer.packedDouble(7, family.bounds);
  }
  const field = histogram === undefined ? 7 : 9;
  if (child.labelValues === undefined) writeKeyValue(writer, field, 'otel.metric.overflow', true);
  for (const [i, label] of (child.labelValues ?? []).entries()) {
    // An empty label is one that is not there, as in Prometheus.
    if (label !== '') writeKeyValue(writer, field, family.labelNames[i]!, label);
  }
  writer.close(point);
  return 1;
}
