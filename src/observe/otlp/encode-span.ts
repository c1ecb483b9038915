import type { Attributes, SpanKind } from '../telemetry.ts';
import { writeAttribute, writeAttributes } from './attributes.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/*
 * opentelemetry/proto/trace/v1/trace.proto
 *   Span   { 1 trace_id (bytes), 2 span_id (bytes), 3 trace_state, 4 parent_span_id (bytes), 5 name, 6 kind (enum),
 *            7 start_time_unix_nano (fixed64), 8 end_time_unix_nano (fixed64), 9 attributes (repeated KeyValue),
 *            10 dropped_attributes_count (uint32), 11 events (repeated Event), 12 dropped_events_count (uint32),
 *            15 status (Status), 16 flags (fixed32) }
 *   Event  { 1 time_unix_nano (fixed64), 2 name, 3 attributes (repeated KeyValue) }
 *   Status { 2 message, 3 code (enum: 0 unset, 1 ok, 2 error) }
 */

/** What is recorded of a span that has ended. */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parentSpanId: string;
  readonly state: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes | undefined;
  /** Set after the start; may repeat names of `attributes`, and then wins. */
  readonly added: ReadonlyMap<string, string | number | boolean> | undefined;
  readonly events: readonly SpanEvent[] | undefined;
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  /** Undefined: the status is unset. */
  readonly errorMessage: string | undefined;
}

export interface SpanEvent {
  readonly name: string;
  readonly timeMs: number;
  readonly attributes: Attributes | undefined;
}

const kinds: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const nanosPerMs = 1e6;

/** Writes the span as field 2 (`spans`) of a ScopeSpans. */
export function writeSpan(writer: ProtobufWriter, span: SpanRecord): void {
  const message = writer.open(2, 2);
  writer.hex(1, span.traceId);
  writer.hex(2, span.spanId);
  if (span.state !== '') writer.string(3, span.state);
  if (span.parentSpanId !== '') writer.hex(4, span.parentSpanId);
  writer.string(5, span.name);
  writer.uint(6, kinds[span.kind]);
  writer.fixed64(7, span.startMs * nanosPerMs);
  writer.fixed64(8, span.endMs * nanosPerMs);
  writeSpanAttributes(writer, span);
  if (span.droppedAttributes > 0) writer.uint(10, span.droppedAttributes);
  if (span.events !== undefined) for (const event of span.events) writeEvent(writer, event);
  if (span.droppedEvents > 0) writer.uint(12, span.droppedEvents);
  if (span.errorMessage !== undefined) writeErrorStatus(writer, span.errorMessage);
  writer.fixed32(16, 1);
  writer.close(message, 2);
}

function writeSpanAttributes(writer: ProtobufWriter, { attributes = {}, added = none }: SpanRecord): void {
  const isOverridden = added.size > 0 && added.keys().some((key) => key in attributes);
  if (!isOverridden) writeAttributes(writer, 9, attributes);
  else for (const key in attributes) if (!added.has(key)) writeAttribute(writer, 9, key, attributes[key]!);
  for (const [key, value] of added) writeAttribute(writer, 9, key, value);
}

const none: ReadonlyMap<string, string | number | boolean> = new Map();

function writeEvent(writer: ProtobufWriter, event: SpanEvent): void {
  const message = writer.open(11);
  writer.fixed64(1, event.timeMs * nanosPerMs);
  writer.string(2, event.name);
  if (event.attributes !== undefined) writeAttributes(writer, 3, event.attributes);
  writer.close(message);
}

function writeErrorStatus(writer: ProtobufWriter, text: string): void {
  const status = writer.open(15);
  if (text !== '') writer.string(2, text);
  writer.uint(3, 2);
  writer.close(status);
}
