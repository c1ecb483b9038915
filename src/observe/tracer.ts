import { fieldsOf, type TraceContext } from '../call/index.ts';
import * as errors from '../errors/index.ts';
import type { IdSource } from './ids.ts';
import type { Batches } from './otlp/batches.ts';
import { type SpanEvent, type SpanRecord, writeSpan } from './otlp/encode-span.ts';
import { cleanText } from './redact.ts';
import type { Attributes, Span, SpanKind, SpanOptions, Tracer } from './telemetry.ts';
import type { WallClock } from './wall-clock.ts';

export interface TracerOptions {
  readonly ids: IdSource;
  readonly wall: WallClock;
  /** The share of new traces that are sampled. A trace that came in keeps its caller's decision. */
  readonly sampleRatio: number;
  /** Undefined: spans are not recorded, only their contexts are made and passed on. */
  readonly sink: Batches | undefined;
}

export function createTracer({ ids, wall, sampleRatio, sink }: TracerOptions): Tracer {
  const isSampled = sampler(sampleRatio);
  return {
    start(ctx, name, options = {}) {
      const parent = fieldsOf(ctx).trace;
      const context = childContext(parent, ids, isSampled);
      if (!context.sampled || sink === undefined) return new PassingSpan(context);
      return new RecordingSpan(context, parent?.spanId ?? '', name, options, wall, sink);
    },
  };
}

function childContext(
  parent: TraceContext | undefined,
  ids: IdSource,
  isSampled: (traceId: string) => boolean,
): TraceContext {
  if (parent !== undefined) {
    return { traceId: parent.traceId, spanId: ids.spanId(), sampled: parent.sampled, state: parent.state };
  }
  const traceId = ids.traceId();
  return { traceId, spanId: ids.spanId(), sampled: isSampled(traceId), state: '' };
}

const randomEnd = 19;
const randomDigits = 13;

/**
 * By the random end of the id, so that everyone with the same ratio decides alike. Digits are compared one by one, and mostly
 * the first one decides: reading them as a number would cost more than the rest of a span that is not sampled.
 */
function sampler(ratio: number): (traceId: string) => boolean {
  if (ratio >= 1) return () => true;
  const limit = Math.ceil(ratio * 2 ** (4 * randomDigits))
    .toString(16)
    .padStart(randomDigits, '0');
  return (traceId) => {
    for (let i = 0; i < randomDigits; i++) {
      const difference = traceId.charCodeAt(randomEnd + i) - limit.charCodeAt(i);
      if (difference !== 0) return difference < 0;
    }
    return false;
  };
}

/** A span of a trace that is not sampled. */
class PassingSpan implements Span {
  readonly context: TraceContext;
  readonly recording = false;

  constructor(context: TraceContext) {
    this.context = context;
  }

  setAttribute(): void {}
  addEvent(): void {}
  fail(): void {}
  end(): void {}
}

const maxAttributes = 128;
const maxEvents = 128;
const maxMessageLength = 1024;
/** Whose stack trace says something about this service; for the others the code and reason say it all. */
const faults: ReadonlySet<errors.Code> = new Set(['unknown', 'internal', 'data_loss', 'unimplemented']);
/** What a server span reports as its own failure (OpenTelemetry's conventions for RPC spans); the rest is its caller's. */
const serverFailures: ReadonlySet<errors.Code> = new Set([...faults, 'unavailable', 'deadline_exceeded']);

class RecordingSpan implements Span, SpanRecord {
  readonly context: TraceContext;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes | undefined;
  readonly startMs: number;
  endMs = 0;
  added: Map<string, string | number | boolean> | undefined;
  events: SpanEvent[] | undefined;
  droppedAttributes = 0;
  droppedEvents = 0;
  errorMessage: string | undefined;
  readonly #wall: WallClock;
  readonly #sink: Batches;

  constructor(
    context: TraceContext,
    parentSpanId: string,
    name: string,
    options: SpanOptions,
    wall: WallClock,
    sink: Batches,
  ) {
    this.context = context;
    this.parentSpanId = parentSpanId;
    this.name = name;
    this.kind = options.kind ?? 'internal';
    this.attributes = options.attributes;
    this.#wall = wall;
    this.#sink = sink;
    this.startMs = wall.epochMs();
  }

  get traceId(): string {
    return this.context.traceId;
  }

  get spanId(): string {
    return this.context.spanId;
  }

  get state(): string {
    return this.context.state;
  }

  get recording(): boolean {
    return this.endMs === 0;
  }

  setAttribute(name: string, value: string | number | boolean): void {
    if (this.endMs !== 0) return;
    this.added ??= new Map();
    if (this.added.size >= maxAttributes && !this.added.has(name)) this.droppedAttributes++;
    else this.added.set(name, value);
  }

  addEvent(name: string, attributes?: Attributes): void {
    if (this.endMs !== 0) return;
    this.events ??= [];
    if (this.events.length >= maxEvents) this.droppedEvents++;
    else this.events.push({ name, timeMs: this.#wall.epochMs(), attributes });
  }

  fail(error: unknown): void {
    if (this.endMs !== 0) return;
    const status = errors.from(error);
    this.setAttribute('error.type', status.reason);
    if (this.kind !== 'server' || serverFailures.has(status.code)) {
      this.errorMessage = cleanText(status.message, maxMessageLength);
    }
    if (faults.has(status.code)) {
      this.addEvent('exception', {
        'exception.type': error instanceof Error ? error.name : typeof error,
        'exception.message': status.message,
        'exception.stacktrace': errors.format(error),
      });
    }
  }

  end(): void {
    if (this.endMs !== 0) return;
    this.endMs = this.#wall.epochMs();
    this.#sink.add<SpanRecord>(writeSpan, this);
  }
}
