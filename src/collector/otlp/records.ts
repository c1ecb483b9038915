import { CollectorErrors } from '../collector-errors.ts';

/*
 * What is kept of OTLP, whichever encoding it came in. Times are microseconds since the epoch, which a double holds
 * exactly; attributes are JSON text already, as they are stored.
 */

/** Who emitted. */
export interface Emitter {
  readonly service: string;
  readonly version: string;
  readonly instance: string;
}

export interface SpanRow {
  readonly emitter: Emitter;
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array | undefined;
  readonly name: string;
  readonly kind: SpanKindNumber;
  readonly startUs: number;
  readonly durationUs: number;
  readonly isError: boolean;
  /** Of the call; '' is the baseline. */
  readonly lane: string;
  readonly statusMessage: string;
  readonly attributes: string;
  /** JSON list of `{ name, timeMs, attributes }`, or '' for none. */
  readonly events: string;
}

/** SpanKind of trace.proto: the index into {@link spanKinds}. */
export type SpanKindNumber = number;
export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

export interface LogRow {
  readonly emitter: Emitter;
  readonly timeUs: number;
  /** Index into {@link logLevels}. */
  readonly level: number;
  readonly message: string;
  readonly traceId: Uint8Array | undefined;
  readonly spanId: Uint8Array | undefined;
  readonly attributes: Attributes;
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Attribute values as JSON says them. */
export type Attributes = Readonly<Record<string, unknown>>;

export type MetricType = 'gauge' | 'counter' | 'histogram';

export interface MetricPoint {
  readonly emitter: Emitter;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: MetricType;
  /** The value is what was added since the last point, not since the start. */
  readonly isDelta: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly timeMs: number;
  /** When the value was 0; 0 if unknown. */
  readonly startMs: number;
  /** For a histogram its sum. */
  readonly value: number;
  readonly histogram: HistogramPoint | undefined;
}

export interface HistogramPoint {
  readonly count: number;
  readonly bounds: readonly number[];
  /** One more than there are bounds. */
  readonly counts: readonly number[];
}

/** A decoded request: what can be stored, and what of it cannot (OTLP's partial success). */
export interface Decoded<T> {
  readonly items: readonly T[];
  readonly rejected: number;
  /** Why the first of the rejected was; '' if none. */
  readonly rejection: string;
}

/** Collects items while a request is read, and counts what cannot be stored. */
export class Collected<T extends object> implements Decoded<T> {
  readonly items: T[] = [];
  rejected = 0;
  rejection = '';

  /** Takes an item, or the reason why it cannot be stored. */
  take(item: T | string): void {
    if (typeof item === 'string') this.reject(item);
    else if (this.items.length < maxItems) this.items.push(item);
    else throw CollectorErrors.MESSAGE_TOO_LARGE(`the message has more than ${maxItems} items; send smaller batches`);
  }

  reject(why: string): void {
    this.rejected++;
    this.rejection ||= why;
  }
}

/** Items of one request: an empty item takes two bytes on the wire and far more here. */
const maxItems = 50_000;

/** Attributes longer than this, as JSON, lose what comes after. */
export const maxAttributesLength = 64 * 1024;
export const maxMessageLength = 64 * 1024;
export const maxNameLength = 512;
export const maxLaneLength = 64;
/** An AnyValue nested deeper is not OTLP that anyone means. */
export const maxValueDepth = 16;

export function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/** SeverityNumber of logs.proto: 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal, 0 unspecified. */
export function levelOf(severity: number, text: string): number {
  if (severity >= 1 && severity <= 24) return Math.floor((severity - 1) / 4);
  const named = logLevels.indexOf(text.toLowerCase() as (typeof logLevels)[number]);
  return named >= 0 ? named : 2;
}

/** The emitter that resource attributes name (OpenTelemetry's `service.*`). */
export function emitterOf(attributes: Attributes): Emitter {
  const text = (name: string) => {
    const value = attributes[name];
    return typeof value === 'string' ? cut(value, maxNameLength) : '';
  };
  return {
    service: text('service.name') || 'unknown_service',
    version: text('service.version'),
    instance: text('service.instance.id'),
  };
}

/** JSON text of attributes, bounded: what does not fit is left out. */
export function attributesJson(attributes: Attributes): string {
  const whole = JSON.stringify(attributes);
  if (whole.length <= maxAttributesLength) return whole;
  const kept: Record<string, unknown> = {};
  let length = 2;
  for (const [key, value] of Object.entries(attributes)) {
    const size = key.length + JSON.stringify(value).length + 4;
    if (length + size > maxAttributesLength) continue;
    kept[key] = value;
    length += size;
  }
  return JSON.stringify(kept);
}

/** The latest time that is taken, in nanoseconds: the year 2255. SQLite holds later ones, but no number that is read back. */
export const maxNanos = Number.MAX_SAFE_INTEGER * 1000;

/** Whether it is a time of this store: 0 (unknown) or more, and finite. */
export function isTime(nanos: number): boolean {
  return nanos >= 0 && nanos <= maxNanos;
}

/** Ids of all zeros are invalid (trace.proto). */
export function isId(bytes: Uint8Array | undefined, length: number): bytes is Uint8Array {
  return bytes !== undefined && bytes.length === length && bytes.some((byte) => byte !== 0);
}
