/** W3C Trace Context, version 00: who called, in which trace. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the span that made this call. */
  readonly spanId: string;
  /** Whether the caller records; bit 0 of the flags. */
  readonly sampled: boolean;
  /** The `tracestate` header as it came, at most 512 printable ASCII characters; empty if none. */
  readonly state: string;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** What may stand in a header again: a message or a socket that is not HTTP's can carry anything. */
const printable = /^[\t\x20-\x7e]{0,512}$/;

/**
 * Reads `traceparent` and `tracestate` (W3C Trace Context, sections 3.2 and 3.3). Undefined if there is none or it is
 * invalid: the receiver then starts a trace of its own.
 */
export function parseTraceparent(traceparent: string | undefined, tracestate = ''): TraceContext | undefined {
  const match = traceparent === undefined ? null : pattern.exec(traceparent.trim());
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ];
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const state = printable.test(tracestate) ? tracestate : '';
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1, state };
}

/** The `traceparent` header in version 00. Of the flags it says `sampled` only. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}
