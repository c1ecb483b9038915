import { CollectorErrors } from '../collector-errors.ts';
import { type Attributes, spanKinds } from '../otlp/records.ts';
import { spansPerTrace, traceHash } from '../store/schema.ts';
import type { ReadChunk } from './read-chunks.ts';

export interface Trace {
  readonly traceId: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** By start; a trace of more than 10,000 spans shows as many, and `incomplete` is true. */
  readonly spans: readonly TraceSpan[];
  readonly incomplete: boolean;
}

export interface TraceSpan {
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly service: string;
  readonly instance: string;
  readonly name: string;
  readonly kind: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
  readonly statusMessage: string | null;
  readonly attributes: Attributes;
  readonly events: readonly unknown[];
}

interface Row {
  readonly span: Uint8Array;
  readonly parent: Uint8Array | null;
  readonly service: string;
  readonly instance: string;
  readonly name: string;
  readonly kind: number;
  readonly start_us: number;
  readonly duration_us: number;
  readonly is_error: number;
  readonly status: string;
  readonly attributes: string;
  readonly events: string;
}

const maxSpans = 10_000;

/** All spans of one trace. Throws TRACE_NOT_FOUND. */
export function getTrace(chunks: Iterable<ReadChunk>, traceId: string): Trace {
  const id = Uint8Array.fromHex(traceId);
  // An exporter that did not hear our answer sends a span again: it counts once.
  const rows = new Map<string, Row>();
  for (const chunk of chunks) {
    const found = chunk.iterate<Row>(
      `SELECT s.span, s.parent, e.service, e.instance, s.name, s.kind, s.start_us, s.duration_us, s.is_error, s.status,
         s.attributes, s.events
       FROM traces t JOIN spans s ON s.id BETWEEN t.no * ${spansPerTrace} AND t.no * ${spansPerTrace} + ${spansPerTrace - 1}
         JOIN emitters e ON e.id = s.emitter
       WHERE t.hash = ? AND t.trace = ? LIMIT ?`,
      traceHash(id),
      id,
      maxSpans + 1,
    );
    for (const row of found) rows.set(row.span.toHex(), row);
  }
  if (rows.size === 0) {
    throw CollectorErrors.TRACE_NOT_FOUND(
      `there is no trace ${traceId}: it is not here yet, was not sampled, or is deleted`,
      {
        metadata: { traceId },
      },
    );
  }
  const ordered = [...rows.values()].sort((a, b) => a.start_us - b.start_us);
  const startUs = ordered[0]!.start_us;
  const endUs = ordered.reduce((end, row) => Math.max(end, row.start_us + row.duration_us), 0);
  return {
    traceId,
    startMs: startUs / 1000,
    durationMs: (endUs - startUs) / 1000,
    spans: ordered.slice(0, maxSpans).map(toSpan),
    incomplete: ordered.length > maxSpans,
  };
}

function toSpan(row: Row): TraceSpan {
  return {
    spanId: row.span.toHex(),
    parentSpanId: row.parent?.toHex() ?? null,
    service: row.service,
    instance: row.instance,
    name: row.name,
    kind: spanKinds[row.kind] ?? 'unspecified',
    startMs: row.start_us / 1000,
    durationMs: row.duration_us / 1000,
    error: row.is_error === 1,
    statusMessage: row.status === '' ? null : row.status,
    attributes: JSON.parse(row.attributes) as Attributes,
    events: row.events === '' ? [] : (JSON.parse(row.events) as unknown[]),
  };
}
