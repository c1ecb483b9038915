import type { Span } from '../api/answers.ts';

/** The ids of the spans that contain the text in service, name, status, an attribute's name or value, or an event. Empty text finds none. */
export function findSpans(spans: readonly Span[], text: string): ReadonlySet<string> {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return new Set();
  return new Set(spans.filter((span) => wordsOf(span).toLowerCase().includes(wanted)).map((span) => span.spanId));
}

function wordsOf(span: Span): string {
  return JSON.stringify([
    span.service,
    span.instance,
    span.name,
    span.kind,
    span.statusMessage,
    span.spanId,
    span.attributes,
    span.events.map((event) => event.name),
  ]);
}
