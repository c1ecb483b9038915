import { laneAttribute } from '../../service/index.ts';
import {
  attributesJson,
  cut,
  type Emitter,
  isId,
  isTime,
  maxLaneLength,
  maxMessageLength,
  maxNameLength,
  type SpanRow,
  spanKinds,
} from './records.ts';

/** A span as either encoding says it. */
export interface RawSpan {
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  parentSpanId?: Uint8Array;
  name: string;
  kind: number;
  startNanos: number;
  endNanos: number;
  status: number;
  statusMessage: string;
  attributes: Record<string, unknown>;
  events: { readonly name: string; readonly nanos: number; readonly attributes: Record<string, unknown> }[];
}

const statusError = 2;
/** More events of a span than this are left out. */
export const maxEvents = 128;

/** The span as it is stored, or why it cannot be. */
export function spanRow(span: RawSpan, emitter: Emitter): SpanRow | string {
  const { traceId, spanId, parentSpanId } = span;
  if (!isId(traceId, 16)) return `span ${JSON.stringify(cut(span.name, 80))} has no trace id of 16 bytes`;
  if (!isId(spanId, 8)) return `span ${JSON.stringify(cut(span.name, 80))} has no span id of 8 bytes`;
  if (!isTime(span.startNanos) || !isTime(span.endNanos)) {
    return `span ${JSON.stringify(cut(span.name, 80))} starts or ends out of range: before 1970 or after 2255`;
  }
  const lane = span.attributes[laneAttribute];
  const startUs = Math.round(span.startNanos / 1000);
  return {
    emitter,
    traceId,
    spanId,
    parentSpanId: isId(parentSpanId, 8) ? parentSpanId : undefined,
    name: cut(span.name, maxNameLength),
    kind: span.kind > 0 && span.kind < spanKinds.length ? span.kind : 0,
    startUs,
    durationUs: Math.max(0, Math.round(span.endNanos / 1000) - startUs),
    isError: span.status === statusError,
    lane: typeof lane === 'string' ? cut(lane, maxLaneLength) : '',
    statusMessage: cut(span.statusMessage, maxMessageLength),
    attributes: attributesJson(span.attributes),
    events: eventsJson(span.events),
  };
}

function eventsJson(events: RawSpan['events']): string {
  if (events.length === 0) return '';
  const list = events
    .slice(0, maxEvents)
    .map(({ name, nanos, attributes }) => ({ name: cut(name, maxNameLength), timeMs: nanos / 1e6, attributes }));
  const json = JSON.stringify(list);
  if (json.length <= maxMessageLength * 2) return json;
  return JSON.stringify(list.map(({ name, timeMs }) => ({ name, timeMs, attributes: {} })));
}
