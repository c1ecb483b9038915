import type { Span } from '../api/answers.ts';

/** A span for tests: `span('b', 'a', 10, 5)` is b, child of a, from 10 ms to 15 ms. Each service has one instance. */
export function span(
  spanId: string,
  parentSpanId: string | null,
  startMs: number,
  durationMs: number,
  service = 'room',
): Span {
  return {
    spanId,
    parentSpanId,
    service,
    instance: `${service}-1`,
    name: `${service}/${spanId}`,
    kind: 'server',
    startMs,
    durationMs,
    error: false,
    statusMessage: '',
    attributes: {},
    events: [],
  };
}
