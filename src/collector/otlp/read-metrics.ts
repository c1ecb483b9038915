import { type MetricShape, metricPoint, type RawPoint, unsupported } from './metric-point.ts';
import { fixed64Tag, lengthTag, type ProtobufReader, varintTag } from './protobuf-reader.ts';
import { readKeyValue, readRequest } from './read-common.ts';
import { Collected, type Decoded, type Emitter, type MetricPoint } from './records.ts';

/*
 * opentelemetry/proto/metrics/v1/metrics.proto
 *   Metric             { 1 name, 2 description, 3 unit, 5 gauge, 7 sum, 9 histogram, 10 exponential_histogram, 11 summary }
 *   Gauge              { 1 data_points (NumberDataPoint) }
 *   Sum                { 1 data_points (NumberDataPoint), 2 aggregation_temporality (enum: 1 delta), 3 is_monotonic (bool) }
 *   Histogram          { 1 data_points (HistogramDataPoint), 2 aggregation_temporality }
 *   NumberDataPoint    { 2 start_time_unix_nano, 3 time_unix_nano (fixed64), 4 as_double, 6 as_int (sfixed64), 7 attributes (KeyValue) }
 *   HistogramDataPoint { 2 start_time_unix_nano, 3 time_unix_nano (fixed64), 4 count (fixed64), 5 sum (double), 6 bucket_counts (repeated fixed64),
 *                        7 explicit_bounds (repeated double), 9 attributes (KeyValue) }
 */

/** The points of an ExportMetricsServiceRequest. */
export function readMetrics(bytes: Uint8Array): Decoded<MetricPoint> {
  const points = new Collected<MetricPoint>();
  readRequest(bytes, (reader, emitter) => readMetric(reader, emitter, points));
  return points;
}

interface Data extends MetricShape {
  points: RawPoint[];
}

function readMetric(reader: ProtobufReader, emitter: Emitter, into: Collected<MetricPoint>): void {
  let name = '';
  let description = '';
  let unit = '';
  let data: Data | undefined;
  const end = reader.open();
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag) {
      case lengthTag(1):
        name = reader.string();
        break;
      case lengthTag(2):
        description = reader.string();
        break;
      case lengthTag(3):
        unit = reader.string();
        break;
      case lengthTag(5):
      case lengthTag(7):
      case lengthTag(9):
        data = readData(reader, tag === lengthTag(5) ? 'gauge' : tag === lengthTag(7) ? 'sum' : 'histogram');
        break;
      case lengthTag(10):
      case lengthTag(11):
        reader.skip();
        into.reject(unsupported(name, tag === lengthTag(10) ? 'exponential histogram' : 'summary'));
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  if (data === undefined) return;
  for (const point of data.points) into.take(metricPoint({ name, description, unit }, data, point, emitter));
}

/** A Gauge, Sum or Histogram: their fields have the same numbers. */
function readData(reader: ProtobufReader, kind: MetricShape['kind']): Data {
  const data: Data = { kind, isDelta: false, isMonotonic: false, points: [] };
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case lengthTag(1):
        data.points.push(kind === 'histogram' ? readHistogramPoint(reader) : readNumberPoint(reader));
        break;
      case varintTag(2):
        data.isDelta = reader.uint() === 1;
        break;
      case varintTag(3):
        data.isMonotonic = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  return data;
}

function readNumberPoint(reader: ProtobufReader): RawPoint {
  const point: RawPoint = { nanos: 0, startNanos: 0, value: Number.NaN, attributes: {} };
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case fixed64Tag(2):
        point.startNanos = reader.fixed64();
        break;
      case fixed64Tag(3):
        point.nanos = reader.fixed64();
        break;
      case fixed64Tag(4):
        point.value = reader.double();
        break;
      case fixed64Tag(6):
        point.value = reader.sfixed64();
        break;
      case lengthTag(7):
        readKeyValue(reader, point.attributes);
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  return point;
}

function readHistogramPoint(reader: ProtobufReader): RawPoint {
  const histogram = { count: 0, counts: [] as number[], bounds: [] as number[] };
  const point: RawPoint = { nanos: 0, startNanos: 0, value: 0, attributes: {}, histogram };
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case fixed64Tag(2):
        point.startNanos = reader.fixed64();
        break;
      case fixed64Tag(3):
        point.nanos = reader.fixed64();
        break;
      case fixed64Tag(4):
        histogram.count = reader.fixed64();
        break;
      case fixed64Tag(5):
        point.value = reader.double();
        break;
      case lengthTag(6):
        readPacked(reader, histogram.counts, () => reader.fixed64());
        break;
      case fixed64Tag(6):
        histogram.counts.push(reader.fixed64());
        break;
      case lengthTag(7):
        readPacked(reader, histogram.bounds, () => reader.double());
        break;
      case fixed64Tag(7):
        histogram.bounds.push(reader.double());
        break;
      case lengthTag(9):
        readKeyValue(reader, point.attributes);
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  return point;
}

function readPacked(reader: ProtobufReader, into: number[], readOne: () => number): void {
  const end = reader.open();
  while (reader.at < end) into.push(readOne());
  reader.close(end);
}
