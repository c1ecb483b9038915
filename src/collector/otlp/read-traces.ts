import { fixed64Tag, lengthTag, type ProtobufReader, varintTag } from './protobuf-reader.ts';
import { readKeyValue, readRequest } from './read-common.ts';
import { Collected, type Decoded, type SpanRow } from './records.ts';
import { maxEvents, type RawSpan, spanRow } from './span-row.ts';

/*
 * opentelemetry/proto/trace/v1/trace.proto
 *   Span   { 1 trace_id, 2 span_id, 4 parent_span_id (bytes), 5 name, 6 kind (enum), 7 start_time_unix_nano (fixed64),
 *            8 end_time_unix_nano (fixed64), 9 attributes (KeyValue), 11 events (Event), 15 status (Status) }
 *   Event  { 1 time_unix_nano (fixed64), 2 name, 3 attributes (KeyValue) }
 *   Status { 2 message, 3 code (enum: 2 error) }
 */

/** The spans of an ExportTraceServiceRequest. */
export function readTraces(bytes: Uint8Array): Decoded<SpanRow> {
  const spans = new Collected<SpanRow>();
  readRequest(bytes, (reader, emitter) => spans.take(spanRow(readSpan(reader), emitter)));
  return spans;
}

function readSpan(reader: ProtobufReader): RawSpan {
  const span: RawSpan = {
    name: '',
    kind: 0,
    startNanos: 0,
    endNanos: 0,
    status: 0,
    statusMessage: '',
    attributes: {},
    events: [],
  };
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case lengthTag(1):
        span.traceId = reader.bytes();
        break;
      case lengthTag(2):
        span.spanId = reader.bytes();
        break;
      case lengthTag(4):
        span.parentSpanId = reader.bytes();
        break;
      case lengthTag(5):
        span.name = reader.string();
        break;
      case varintTag(6):
        span.kind = reader.uint();
        break;
      case fixed64Tag(7):
        span.startNanos = reader.fixed64();
        break;
      case fixed64Tag(8):
        span.endNanos = reader.fixed64();
        break;
      case lengthTag(9):
        readKeyValue(reader, span.attributes);
        break;
      case lengthTag(11):
        if (span.events.length < maxEvents) span.events.push(readEvent(reader));
        else reader.skip();
        break;
      case lengthTag(15):
        readStatus(reader, span);
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  return span;
}

function readEvent(reader: ProtobufReader): RawSpan['events'][number] {
  let name = '';
  let nanos = 0;
  const attributes: Record<string, unknown> = {};
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case fixed64Tag(1):
        nanos = reader.fixed64();
        break;
      case lengthTag(2):
        name = reader.string();
        break;
      case lengthTag(3):
        readKeyValue(reader, attributes);
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
  return { name, nanos, attributes };
}

function readStatus(reader: ProtobufReader, span: RawSpan): void {
  const end = reader.open();
  while (reader.at < end) {
    switch (reader.tag()) {
      case lengthTag(2):
        span.statusMessage = reader.string();
        break;
      case varintTag(3):
        span.status = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.close(end);
}
