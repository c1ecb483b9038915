import { cut, type Emitter, isId, isTime, type LogRow, levelOf, maxMessageLength } from './records.ts';

/** A log line as either encoding says it. */
export interface RawLog {
  nanos: number;
  observedNanos: number;
  severity: number;
  severityText: string;
  body: unknown;
  attributes: Record<string, unknown>;
  traceId?: Uint8Array;
  spanId?: Uint8Array;
}

/** The line as it is stored, or why it cannot be. One without a time got it when it was observed, or else now. */
export function logRow(log: RawLog, emitter: Emitter): LogRow | string {
  const nanos = log.nanos || log.observedNanos;
  if (!isTime(nanos)) return 'a log line has a time out of range: before 1970 or after 2255';
  return {
    emitter,
    timeUs: nanos === 0 ? Date.now() * 1000 : Math.round(nanos / 1000),
    level: levelOf(log.severity, log.severityText),
    message: cut(typeof log.body === 'string' ? log.body : JSON.stringify(log.body ?? ''), maxMessageLength),
    traceId: isId(log.traceId, 16) ? log.traceId : undefined,
    spanId: isId(log.spanId, 8) ? log.spanId : undefined,
    attributes: log.attributes,
  };
}
