import { CollectorErrors } from '../collector-errors.ts';
import { logRow } from './log-row.ts';
import { type MetricShape, metricPoint, type RawPoint, unsupported } from './metric-point.ts';
import { setOwn } from './read-common.ts';
import {
  Collected,
  type Decoded,
  type Emitter,
  emitterOf,
  type LogRow,
  type MetricPoint,
  maxValueDepth,
  type SpanRow,
} from './records.ts';
import { spanRow } from './span-row.ts';

/*
 * OTLP's JSON encoding (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): lowerCamelCase names, ids in hex,
 * 64-bit integers as text (numbers are taken too), enums as numbers, unknown fields ignored. A field of a wrong type is an
 * error here, since JSON has no wire types by which it could be another field.
 */

export function parseTraces(bytes: Uint8Array): Decoded<SpanRow> {
  const spans = new Collected<SpanRow>();
  each(bytes, ['resourceSpans', 'scopeSpans', 'spans'], (item, emitter) => {
    const status = item.object('status');
    const span = {
      ...ids(item),
      parentSpanId: item.hex('parentSpanId'),
      name: item.text('name'),
      kind: item.number('kind'),
      startNanos: item.number('startTimeUnixNano'),
      endNanos: item.number('endTimeUnixNano'),
      status: status.number('code'),
      statusMessage: status.text('message'),
      attributes: keyValues(item, 'attributes'),
      events: item.list('events').map((event) => ({
        name: event.text('name'),
        nanos: event.number('timeUnixNano'),
        attributes: keyValues(event, 'attributes'),
      })),
    };
    spans.take(spanRow(span, emitter));
  });
  return spans;
}

export function parseLogs(bytes: Uint8Array): Decoded<LogRow> {
  const logs = new Collected<LogRow>();
  each(bytes, ['resourceLogs', 'scopeLogs', 'logRecords'], (item, emitter) => {
    const log = {
      ...ids(item),
      nanos: item.number('timeUnixNano'),
      observedNanos: item.number('observedTimeUnixNano'),
      severity: item.number('severityNumber'),
      severityText: item.text('severityText'),
      body: anyValue(item.object('body'), 0),
      attributes: keyValues(item, 'attributes'),
    };
    logs.take(logRow(log, emitter));
  });
  return logs;
}

export function parseMetrics(bytes: Uint8Array): Decoded<MetricPoint> {
  const points = new Collected<MetricPoint>();
  each(bytes, ['resourceMetrics', 'scopeMetrics', 'metrics'], (item, emitter) => {
    const metric = { name: item.text('name'), description: item.text('description'), unit: item.text('unit') };
    if (item.has('exponentialHistogram')) points.reject(unsupported(metric.name, 'exponential histogram'));
    if (item.has('summary')) points.reject(unsupported(metric.name, 'summary'));
    const kind = (['gauge', 'sum', 'histogram'] as const).find((each) => item.has(each));
    if (kind === undefined) return;
    const data = item.object(kind);
    const shape: MetricShape = {
      kind,
      isDelta: data.number('aggregationTemporality') === 1,
      isMonotonic: data.flag('isMonotonic'),
    };
    for (const point of data.list('dataPoints'))
      points.take(metricPoint(metric, shape, rawPoint(point, kind), emitter));
  });
  return points;
}

function rawPoint(point: JsonObject, kind: MetricShape['kind']): RawPoint {
  const nanos = point.number('timeUnixNano');
  const startNanos = point.number('startTimeUnixNano');
  const attributes = keyValues(point, 'attributes');
  if (kind !== 'histogram') {
    const name = point.has('asDouble') ? 'asDouble' : 'asInt';
    return { nanos, startNanos, attributes, value: point.has(name) ? point.number(name) : Number.NaN };
  }
  const histogram = {
    count: point.number('count'),
    bounds: point.numbers('explicitBounds'),
    counts: point.numbers('bucketCounts'),
  };
  return { nanos, startNanos, attributes, value: point.number('sum'), histogram };
}

/** Walks resource, scope and item lists, which are named differently in each signal. */
function each(
  bytes: Uint8Array,
  [resources, scopes, items]: readonly [string, string, string],
  read: (item: JsonObject, emitter: Emitter) => void,
): void {
  for (const perResource of new JsonObject(parse(bytes), 'request').list(resources)) {
    const emitter = emitterOf(keyValues(perResource.object('resource'), 'attributes'));
    for (const perScope of perResource.list(scopes)) {
      for (const item of perScope.list(items)) read(item, emitter);
    }
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw CollectorErrors.MALFORMED_OTLP(`malformed JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function ids(item: JsonObject): { traceId: Uint8Array; spanId: Uint8Array } {
  return { traceId: item.hex('traceId'), spanId: item.hex('spanId') };
}

function keyValues(of: JsonObject, name: string, depth = 0): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const pair of of.list(name)) setOwn(values, pair.text('key'), anyValue(pair.object('value'), depth));
  return values;
}

function anyValue(value: JsonObject, depth: number): unknown {
  if (depth > maxValueDepth) throw value.malformed(`a value nested deeper than ${maxValueDepth} levels`);
  if (value.has('stringValue')) return value.text('stringValue');
  if (value.has('boolValue')) return value.flag('boolValue');
  if (value.has('intValue')) return value.number('intValue');
  if (value.has('doubleValue')) return value.number('doubleValue');
  if (value.has('arrayValue'))
    return value
      .object('arrayValue')
      .list('values')
      .map((item) => anyValue(item, depth + 1));
  if (value.has('kvlistValue')) return keyValues(value.object('kvlistValue'), 'values', depth + 1);
  return value.has('bytesValue') ? value.text('bytesValue') : null;
}

/** An object of unknown content, read field by field. A field that is missing or null has its default. */
class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    this.#where = where;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.malformed('is not an object');
    this.#fields = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  text(name: string): string {
    const value = this.#get(name) ?? '';
    if (typeof value !== 'string') throw this.malformed(`${name} is not a text`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#get(name) ?? false;
    if (typeof value !== 'boolean') throw this.malformed(`${name} is not true or false`);
    return value;
  }

  number(name: string): number {
    return this.#number(this.#get(name) ?? 0, name);
  }

  numbers(name: string): number[] {
    return this.#list(name).map((value) => this.#number(value, name));
  }

  hex(name: string): Uint8Array {
    const digits = this.text(name);
    if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) throw this.malformed(`${name} is not hex`);
    return Uint8Array.fromHex(digits);
  }

  object(name: string): JsonObject {
    return new JsonObject(this.#get(name) ?? {}, `${this.#where}.${name}`);
  }

  list(name: string): JsonObject[] {
    return this.#list(name).map((value) => new JsonObject(value, `${this.#where}.${name}`));
  }

  malformed(what: string): Error {
    return CollectorErrors.MALFORMED_OTLP(`malformed OTLP: ${this.#where} ${what}`.slice(0, 500));
  }

  #get(name: string): unknown {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    return value === null ? undefined : value;
  }

  #list(name: string): readonly unknown[] {
    const value = this.#get(name) ?? [];
    if (!Array.isArray(value)) throw this.malformed(`${name} is not a list`);
    return value;
  }

  /** A number, or one as text: 64-bit integers, and the non-finite numbers of protobuf's JSON. */
  #number(value: unknown, name: string): number {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    const isNaNText = value === 'NaN';
    if (typeof number !== 'number' || (Number.isNaN(number) && !isNaNText))
      throw this.malformed(`${name} is not a number`);
    return number;
  }
}
