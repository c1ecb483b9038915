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
  if (traceparent === undefined) return undefined;
  if (isPlain(traceparent)) {
    const state = tracestate === '' || printable.test(tracestate) ? tracestate : '';
    const sampled = (traceparent.charCodeAt(54) & 1) === 1;
    return { traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52), sampled, state };
  }
  const match = pattern.exec(traceparent.trim());
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

/**
 * Version 00, ids that are not zero, and flags of two decimal digits: what nearly everybody sends. It comes with every call, and
 * looking at its characters costs a third of the expression.
 */
function isPlain(text: string): boolean {
  if (text.length !== 55 || !text.startsWith('00-')) return false;
  if (text.charCodeAt(35) !== dash || text.charCodeAt(52) !== dash) return false;
  if (!isDigit(text.charCodeAt(53)) || !isDigit(text.charCodeAt(54))) return false;
  return isId(text, 3, 35) && isId(text, 36, 52);
}

/** Lower-case hex digits, not all zero. */
function isId(text: string, from: number, to: number): boolean {
  let any = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code) && !(code >= 0x61 && code <= 0x66)) return false;
    any |= code ^ 0x30;
  }
  return any !== 0;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const dash = 0x2d;

/** The `traceparent` header in version 00. Of the flags it says `sampled` only. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}
