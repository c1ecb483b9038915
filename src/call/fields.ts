import { type Context, contextKey } from '../concurrency/index.ts';
import { type Baggage, emptyBaggage, encodeText, formatBaggage, parseBaggage } from './baggage.ts';
import type { OutgoingMetadata } from './outgoing-metadata.ts';
import { formatTraceparent, parseTraceparent, type TraceContext } from './trace-context.ts';

/**
 * How much a call matters when not all can be served; what a server sheds first is last: what a user waits for and pays
 * with; what a user waits for; what can be asked for again later; what nobody waits for.
 */
export const priorities = ['critical', 'default', 'sheddable', 'background'] as const;
/** One of {@link priorities}. */
export type Priority = (typeof priorities)[number];

/**
 * The fields that travel with every call on every transport. With the deadline, which lives in the Context itself, they
 * are the eight that no hop may lose.
 */
export interface CallFields {
  /** The span that made the call. Undefined at the start of a trace. */
  readonly trace: TraceContext | undefined;
  readonly baggage: Baggage;
  /** The traffic lane (test environment) of the call; '' is the baseline. */
  readonly lane: string;
  /** Who pays for the call; '' if nobody said. */
  readonly tenant: string;
  /** Who the end user is; '' if unknown. */
  readonly principal: string;
  /** Default: `default`. */
  readonly priority: Priority;
  /** 0 for the first try; grows with each retry. */
  readonly attempt: number;
  /** No field: what `withMetadata` gave to the next calls. Here, where every call looks, it costs those nothing that have none. */
  readonly outgoing?: OutgoingMetadata;
}

/** The fields of a call that says nothing about itself; also what is answered outside of any call. */
export const defaultFields: CallFields = Object.freeze({
  trace: undefined,
  baggage: emptyBaggage,
  lane: '',
  tenant: '',
  principal: '',
  priority: 'default',
  attempt: 0,
});

const fieldsKey = contextKey<CallFields>('call.fields', defaultFields);

/** The fields of the call that this Context belongs to. */
export function fieldsOf(ctx: Context): CallFields {
  return ctx.value(fieldsKey);
}

/** A child Context with some of the fields changed; the others stay as they are. */
export function withFields(ctx: Context, change: Partial<CallFields>): Context {
  return setFields(ctx, { ...fieldsOf(ctx), ...change });
}

/** A child Context whose fields are the same but for the trace. Every instrumented call makes one, so no field is spread. */
export function withTrace(ctx: Context, trace: TraceContext): Context {
  const { baggage, lane, tenant, principal, priority, attempt, outgoing } = fieldsOf(ctx);
  const fields = { trace, baggage, lane, tenant, principal, priority, attempt };
  return setFields(ctx, outgoing === undefined ? fields : { ...fields, outgoing });
}

/** A child Context with these fields in place of all that it had: for a call that has just arrived. */
export function setFields(ctx: Context, fields: CallFields): Context {
  return ctx.withValue(fieldsKey, fields);
}

/** The names on the wire: HTTP headers, RPC metadata and message headers alike. All lower case. */
export const wireNames = {
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
  /** Milliseconds left, a whole number; used where the protocol has no timeout of its own. */
  timeout: 'flotilla-timeout-ms',
  lane: 'flotilla-lane',
  tenant: 'flotilla-tenant',
  principal: 'flotilla-principal',
  priority: 'flotilla-priority',
  attempt: 'flotilla-attempt',
} as const;

/** Looks a header up by its lower-case name. */
export type GetHeader = (name: string) => string | undefined;
/** Takes a header with its lower-case name. What writes here gives printable ASCII only. */
export type SetHeader = (name: string, value: string) => void;

/** Longer texts than this, or ones with control characters, are not taken from a wire. */
const maxTextLength = 256;
const maxAttempt = 100;
/** Ten digits, about 115 days: what {@link readTimeoutMs} takes. */
const maxTimeoutMs = 9_999_999_999;
/** Lane and tenant also ride in baggage under their header names, for hops that know only W3C headers. */
const mirrored = ['lane', 'tenant'] as const;

/**
 * Reads the fields from the headers of a call (the deadline: {@link readTimeoutMs}). What is missing or invalid takes its
 * default: a bad header never fails a call. A lane or tenant that came only in baggage is taken from there.
 */
export function readFields(get: GetHeader): CallFields {
  const carried = parseBaggage(get(wireNames.baggage));
  return {
    trace: parseTraceparent(get(wireNames.traceparent), get(wireNames.tracestate)),
    baggage: unmirror(carried),
    lane: readText(get(wireNames.lane)) || cleanText(carried.get(wireNames.lane)),
    tenant: readText(get(wireNames.tenant)) || cleanText(carried.get(wireNames.tenant)),
    principal: readText(get(wireNames.principal)),
    priority: readPriority(get(wireNames.priority)),
    attempt: readAttempt(get(wireNames.attempt)),
  };
}

/** Writes the fields that differ from their defaults. Texts are percent-encoded, so that any UTF-8 arrives. */
export function writeFields(fields: CallFields, set: SetHeader): void {
  if (fields.trace !== undefined) {
    set(wireNames.traceparent, formatTraceparent(fields.trace));
    if (fields.trace.state !== '') set(wireNames.tracestate, fields.trace.state);
  }
  const baggage = mirror(fields);
  if (baggage.size > 0) set(wireNames.baggage, formatBaggage(baggage));
  if (fields.lane !== '') set(wireNames.lane, encodeText(fields.lane));
  if (fields.tenant !== '') set(wireNames.tenant, encodeText(fields.tenant));
  if (fields.principal !== '') set(wireNames.principal, encodeText(fields.principal));
  if (fields.priority !== 'default') set(wireNames.priority, fields.priority);
  if (fields.attempt > 0) set(wireNames.attempt, String(fields.attempt));
}

/** The milliseconds left that a caller gives, or undefined. Anything but a whole number up to 10 digits is ignored. */
export function readTimeoutMs(get: GetHeader): number | undefined {
  const text = get(wireNames.timeout);
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Writes the milliseconds left, at least 1 and at most ten digits, if the Context has a deadline. */
export function writeTimeoutMs(ctx: Context, set: SetHeader): void {
  if (ctx.deadline === undefined) return;
  set(wireNames.timeout, String(Math.min(maxTimeoutMs, Math.max(1, Math.floor(ctx.remainingMs())))));
}

function mirror(fields: CallFields): Baggage {
  if (fields.lane === '' && fields.tenant === '') return fields.baggage;
  const baggage = new Map(fields.baggage);
  for (const name of mirrored) if (fields[name] !== '') baggage.set(wireNames[name], fields[name]);
  return baggage;
}

/** The baggage as the application set it: without the members that {@link mirror} added. */
function unmirror(baggage: Baggage): Baggage {
  if (!mirrored.some((name) => baggage.has(wireNames[name]))) return baggage;
  const own = new Map(baggage);
  for (const name of mirrored) own.delete(wireNames[name]);
  return own;
}

function readText(encoded: string | undefined): string {
  if (encoded === undefined || encoded.length > maxTextLength * 9) return '';
  try {
    return cleanText(decodeURIComponent(encoded));
  } catch {
    return '';
  }
}

/** A text of a field as it came: '' where it is too long or has control characters. */
export function cleanText(text = ''): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  return text.length <= maxTextLength && !/[\x00-\x1f\x7f]/.test(text) ? text : '';
}

function readPriority(text: string | undefined): Priority {
  return (priorities as readonly (string | undefined)[]).includes(text) ? (text as Priority) : 'default';
}

function readAttempt(text: string | undefined): number {
  return text !== undefined && /^\d{1,3}$/.test(text) ? Math.min(Number(text), maxAttempt) : 0;
}
