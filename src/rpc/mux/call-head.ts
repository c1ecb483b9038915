import {
  type CallFields,
  cleanText,
  defaultFields,
  formatBaggage,
  parseBaggage,
  priorities,
  type TraceContext,
} from '../../call/index.ts';
import type { Sink } from '../codec/sink.ts';
import type { Source } from '../codec/source.ts';
import { codes, MuxViolation } from './protocol.ts';

/** Which fields follow, in the order of the bits. */
const bits = {
  timeout: 0x01,
  trace: 0x02,
  state: 0x04,
  baggage: 0x08,
  lane: 0x10,
  tenant: 0x20,
  principal: 0x40,
  priority: 0x80,
  attempt: 0x100,
  metadata: 0x200,
} as const;
const knownBits = 0x3ff;
const traceBytes = 25;
/** About 49 days. */
const maxTimeoutMs = 0xffffffff;
const maxAttempt = 100;
/** Clients of ours give half as many. */
const maxMetadata = 128;
/** Room for what is of fixed size. */
const fixedBytes = 64;

/**
 * Puts the head of a call before what is in the sink: u16 method, u16 of bits, and of the fields those that differ from
 * their defaults. `timeoutMs` 0: none. Texts are UTF-8 with their length as a varint.
 */
export function writeHead(sink: Sink, method: number, timeoutMs: number, fields: CallFields): void {
  sink.ensure(fixedBytes);
  let mask = 0;
  if (fields !== defaultFields) mask = writeFields(sink, fields);
  const { bytes } = sink;
  if (timeoutMs > 0) {
    mask |= bits.timeout;
    const ms = timeoutMs < 1 ? 1 : timeoutMs >= maxTimeoutMs ? maxTimeoutMs : Math.floor(timeoutMs);
    bytes[--sink.at] = ms;
    bytes[--sink.at] = ms >>> 8;
    bytes[--sink.at] = ms >>> 16;
    bytes[--sink.at] = ms >>> 24;
  }
  bytes[--sink.at] = mask;
  bytes[--sink.at] = mask >>> 8;
  bytes[--sink.at] = method;
  bytes[--sink.at] = method >>> 8;
}

/** Into a head that has waited, as `writeHead` has written it. 0: it has no limit. */
export function putTimeLeft(head: Uint8Array, timeoutMs: number): void {
  if ((head[3]! & bits.timeout) === 0) return;
  const ms = timeoutMs < 1 ? 1 : timeoutMs >= maxTimeoutMs ? maxTimeoutMs : Math.floor(timeoutMs);
  head[4] = ms >>> 24;
  head[5] = ms >>> 16;
  head[6] = ms >>> 8;
  head[7] = ms;
}

/** Last field first, as the sink wants it. */
function writeFields(sink: Sink, fields: CallFields): number {
  const { trace, baggage, lane, tenant, principal, priority, attempt, outgoing } = fields;
  let mask = 0;
  if (outgoing !== undefined && outgoing.pairs.length > 0) {
    mask |= bits.metadata;
    writeMetadata(sink, outgoing.pairs);
  }
  if (attempt > 0) {
    mask |= bits.attempt;
    sink.bytes[--sink.at] = Math.min(attempt, maxAttempt);
  }
  if (priority !== 'default') {
    mask |= bits.priority;
    sink.bytes[--sink.at] = priorities.indexOf(priority);
  }
  if (principal !== '') {
    mask |= bits.principal;
    sink.string(principal, fixedBytes);
  }
  if (tenant !== '') {
    mask |= bits.tenant;
    sink.string(tenant, fixedBytes);
  }
  if (lane !== '') {
    mask |= bits.lane;
    sink.string(lane, fixedBytes);
  }
  if (baggage.size > 0) {
    mask |= bits.baggage;
    sink.string(formatBaggage(baggage), fixedBytes);
  }
  if (trace === undefined) return mask;
  if (trace.state !== '') {
    mask |= bits.state;
    sink.string(trace.state, fixedBytes);
  }
  sink.ensure(fixedBytes);
  const { bytes } = sink;
  bytes[--sink.at] = trace.sampled ? 1 : 0;
  sink.at -= 24;
  bytes.write(trace.traceId, sink.at, 16, 'hex');
  bytes.write(trace.spanId, sink.at + 16, 8, 'hex');
  return mask | bits.trace;
}

/** A count of values, then names and values: last one first. */
function writeMetadata(sink: Sink, pairs: readonly string[]): void {
  for (let at = pairs.length - 1; at >= 0; at--) sink.string(pairs[at]!, fixedBytes);
  sink.varint32(pairs.length / 2);
  sink.ensure(fixedBytes);
}

/** What was read of a head; one object for all calls of a connection, valid until the next is read. */
export class CallHeadReader {
  method = 0;
  /** 0: none. */
  timeoutMs = 0;
  fields: CallFields = defaultFields;
  /** Names and values in turn, as they came; undefined: none. */
  metadata: readonly string[] | undefined;

  /** Reads from `source.at`, and leaves it where the message begins. Throws a MuxViolation for what is no head. */
  read(source: Source, end: number, maxBytes: number): void {
    const { bytes } = source;
    const start = source.at;
    if (end - start < 4) throw cutOff();
    this.method = (bytes[start]! << 8) | bytes[start + 1]!;
    const mask = (bytes[start + 2]! << 8) | bytes[start + 3]!;
    source.at = start + 4;
    this.timeoutMs = 0;
    this.fields = defaultFields;
    this.metadata = undefined;
    if (mask === 0) return;
    if ((mask & ~knownBits) !== 0) throw new MuxViolation(codes.protocol, `a head with unknown fields ${mask}`);
    if ((mask & bits.timeout) !== 0) {
      const at = source.at;
      source.at = at + 4;
      if (source.at > end) throw cutOff();
      this.timeoutMs = bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) || 1;
    }
    if ((mask & ~bits.timeout) === 0) return;
    try {
      this.fields = readFields(source, end, mask);
      if ((mask & bits.metadata) !== 0) this.metadata = readMetadata(source, end);
    } catch (error) {
      throw error instanceof RangeError ? cutOff() : error;
    }
    if (source.at > end) throw cutOff();
    if (source.at - start > maxBytes) throw new MuxViolation(codes.tooLarge, `a head of ${source.at - start} bytes`);
  }
}

function readFields(source: Source, end: number, mask: number): CallFields {
  const trace = (mask & bits.trace) === 0 ? undefined : readTrace(source, end);
  const state = (mask & bits.state) === 0 ? '' : source.string(end, false);
  const baggage = (mask & bits.baggage) === 0 ? defaultFields.baggage : parseBaggage(source.string(end, false));
  const lane = (mask & bits.lane) === 0 ? '' : cleanText(source.string(end, false));
  const tenant = (mask & bits.tenant) === 0 ? '' : cleanText(source.string(end, false));
  const principal = (mask & bits.principal) === 0 ? '' : cleanText(source.string(end, false));
  const priority = (mask & bits.priority) === 0 ? 'default' : (priorities[source.bytes[source.at++]!] ?? 'default');
  const attempt = (mask & bits.attempt) === 0 ? 0 : Math.min(source.bytes[source.at++] ?? 0, maxAttempt);
  return {
    trace: trace === undefined || state === '' ? trace : { ...trace, state: printable.test(state) ? state : '' },
    baggage,
    lane,
    tenant,
    principal,
    priority,
    attempt,
  };
}

const printable = /^[\t\x20-\x7e]{0,512}$/;

/** Undefined for ids of zeros, which name nothing. */
function readTrace(source: Source, end: number): TraceContext | undefined {
  const at = source.at;
  source.at = at + traceBytes;
  if (source.at > end) throw cutOff();
  const bytes = source.asBuffer();
  // Both at once: the way out of JavaScript costs more than the digits.
  const digits = bytes.toString('hex', at, at + 24);
  const traceId = digits.slice(0, 32);
  const spanId = digits.slice(32);
  if (traceId === noTraceId || spanId === noSpanId) return undefined;
  return { traceId, spanId, sampled: (bytes[at + 24]! & 1) === 1, state: '' };
}

const noTraceId = '0'.repeat(32);
const noSpanId = '0'.repeat(16);

function readMetadata(source: Source, end: number): string[] {
  const count = source.varint32();
  if (count > maxMetadata) throw new MuxViolation(codes.tooLarge, `a head with ${count} values of metadata`);
  const pairs: string[] = [];
  for (let left = 2 * count; left > 0; left--) pairs.push(source.string(end, false));
  return pairs;
}

function cutOff(): MuxViolation {
  return new MuxViolation(codes.protocol, 'a head that is cut off');
}
