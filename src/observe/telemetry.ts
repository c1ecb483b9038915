import type { TraceContext } from '../call/index.ts';
import { type Context, contextKey } from '../concurrency/index.ts';
import { noTelemetry } from './no-telemetry.ts';

/** What is recorded about a thing: OpenTelemetry attribute names and values. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Who emits: the OpenTelemetry resource. */
export interface Resource {
  /** `service.name` */
  readonly service: string;
  /** `service.version` */
  readonly version: string;
  /** `service.instance.id`: unique per process (or per colocated service). */
  readonly instance: string;
}

/** Least severe first: a level's index is its rank. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof levels)[number];

/** Structured log lines. A line made with a Context carries its trace id, span id, tenant and lane. Never blocks. */
export interface Logger {
  level: Level;
  log(ctx: Context, level: Level, message: string, fields?: LogFields): void;
  debug(ctx: Context, message: string, fields?: LogFields): void;
  info(ctx: Context, message: string, fields?: LogFields): void;
  warn(ctx: Context, message: string, fields?: LogFields): void;
  error(ctx: Context, message: string, fields?: LogFields): void;
}

/** Anything JSON can say. `error` may be any thrown value: its whole chain is printed. */
export interface LogFields {
  readonly error?: unknown;
  readonly [name: string]: unknown;
}

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface SpanOptions {
  /** Default: internal. */
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

/** One timed step of a trace. Changes after `end` are ignored; so is a second `end`. */
export interface Span {
  readonly context: TraceContext;
  /** False where the trace is not sampled: then it costs next to nothing. */
  readonly recording: boolean;
  setAttribute(name: string, value: string | number | boolean): void;
  addEvent(name: string, attributes?: Attributes): void;
  /** Marks it failed with the thrown value. */
  fail(error: unknown): void;
  end(): void;
}

export interface Tracer {
  /** Starts a child of the Context's span (`fieldsOf(ctx).trace`), or a new trace if there is none. */
  start(ctx: Context, name: string, options?: SpanOptions): Span;
}

export interface MetricOptions {
  readonly description?: string;
  /** UCUM: `s`, `By`, `{call}`. Default: none. */
  readonly unit?: string;
  /** Label names; every child gives a value to each. Default: none. */
  readonly labels?: readonly string[];
  /** Histogram only: upper bounds, growing, in the metric's unit. Default: the OpenTelemetry bounds for seconds. */
  readonly bounds?: readonly number[];
}

export type Labels = Readonly<Record<string, string>>;

/** Metrics by OpenTelemetry names (`rpc.server.call.duration`); the same name twice gives the same metric. Resolve children once. */
export interface Metrics {
  counter(name: string, options?: MetricOptions): Metric<Counter>;
  gauge(name: string, options?: MetricOptions): Metric<Gauge>;
  histogram(name: string, options?: MetricOptions): Metric<Histogram>;
  /** Calls `read` at each collection: for values that are cheap to read and costly to push. */
  observe(name: string, options: MetricOptions, read: () => number): void;
}

export interface Metric<C> {
  /** The child of these label values. Beyond 2,000 children the overflow child (`otel.metric.overflow`) is given. */
  with(labels?: Labels): C;
}

export interface Counter {
  /** Adds `n` (default 1), which must not be negative. */
  add(n?: number): void;
}

export interface Gauge {
  set(value: number): void;
}

export interface Histogram {
  record(value: number): void;
}

/** All that a process emits. Made by `app` (or a test), carried by the Context that servers are started with. */
export interface Telemetry {
  readonly resource: Resource;
  readonly log: Logger;
  readonly tracer: Tracer;
  readonly metrics: Metrics;
  /** The Prometheus text of all metrics, for `/metrics`. */
  prometheus(): string;
  /** Sends what is buffered; what cannot be sent before `ctx` ends is dropped and counted. */
  flush(ctx: Context): Promise<void>;
  /** Flushes and stops. */
  close(ctx: Context): Promise<void>;
}

const telemetryKey = contextKey<Telemetry>('observe.telemetry', noTelemetry);

/** The telemetry of the service that this Context belongs to; one that drops everything outside of one. */
export function telemetryOf(ctx: Context): Telemetry {
  return ctx.value(telemetryKey);
}

/** A Context below `ctx` from which {@link telemetryOf} finds this telemetry. Who made the telemetry still closes it. */
export function withTelemetry(ctx: Context, telemetry: Telemetry): Context {
  return ctx.withValue(telemetryKey, telemetry);
}
