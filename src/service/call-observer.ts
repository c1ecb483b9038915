import { fieldsOf, triedNodesOf, withTrace } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import {
  type Level,
  noTelemetry,
  type PreparedLine,
  prepareLine,
  type Span,
  type SpanOptions,
  type Telemetry,
  telemetryOf,
} from '../observe/index.ts';
import { LineSample } from './line-sample.ts';
import { fullName, type MethodInfo } from './method.ts';

/**
 * Begins what is emitted of a call: a span, a duration histogram, an in-flight gauge and a log line. Undefined where there is
 * no telemetry. Whoever gets one must end it.
 */
export type CallObserver = (ctx: Context, startedAt?: number) => ObservedCall | undefined;

/** The observer of the calls of one method, whatever telemetry their Contexts have. */
export function callObserver(method: MethodInfo): CallObserver {
  const perTelemetry = new WeakMap<Telemetry, Instruments>();
  let known: Telemetry | undefined;
  let instruments: Instruments | undefined;
  return (ctx, startedAt) => {
    const telemetry = telemetryOf(ctx);
    if (telemetry === noTelemetry) return undefined;
    if (telemetry !== known || instruments === undefined) {
      instruments = perTelemetry.get(telemetry) ?? new Instruments(telemetry, method);
      perTelemetry.set(telemetry, instruments);
      known = telemetry;
    }
    return instruments.begin(ctx, startedAt ?? ctx.clock.now());
  };
}

/** A call that is being observed. */
export class ObservedCall {
  /** The call's, with the span as its own: what the call does under it belongs to the span. */
  declare readonly ctx: Context;
  declare private readonly instruments: Instruments;
  declare private readonly span: Span;
  declare private readonly startedAt: number;

  // Declared, not initialised: see `DoneListener`.
  constructor(instruments: Instruments, span: Span, ctx: Context, startedAt: number) {
    this.ctx = ctx;
    this.instruments = instruments;
    this.span = span;
    this.startedAt = startedAt;
  }

  /** Ends it with what was thrown, undefined if nothing was. Not to be called twice. `now`: on the Context's clock. */
  end(error: unknown, now = this.ctx.clock.now()): void {
    this.instruments.end(this.ctx, this.span, now - this.startedAt, error, now);
  }
}

class Instruments {
  readonly #telemetry: Telemetry;
  readonly #method: MethodInfo;
  readonly #name: string;
  readonly #spanOptions: SpanOptions;
  readonly #record: (code: string, seconds: number, lane: string) => void;
  readonly #inFlight: (change: number) => void;
  /** By the code that calls end with. */
  readonly #lines = new Map<string, CallLine>();

  constructor(telemetry: Telemetry, method: MethodInfo) {
    this.#telemetry = telemetry;
    this.#method = method;
    this.#name = fullName(method);
    const attributes = { 'rpc.system': method.transport, 'rpc.service': method.service, 'rpc.method': method.method };
    this.#spanOptions = { kind: method.side, attributes };
    const prefix = `${method.transport}.${method.side}`;
    const durations = telemetry.metrics.histogram(`${prefix}.call.duration`, {
      description: 'Time from the start of a call to its last byte.',
      unit: 's',
      labels: ['method', 'code', 'lane'],
    });
    const children = new Map<string, { record(seconds: number): void }>();
    const lanes = new Set<string>();
    this.#record = (code, seconds, lane) => {
      const key = lane === '' ? code : `${code} ${lane}`;
      let child = children.get(key);
      if (child === undefined) {
        child = durations.with({ method: this.#name, code, lane: laneLabel(lanes, lane) });
        if (lane === '' || lanes.has(lane)) children.set(key, child);
      }
      child.record(seconds);
    };
    const gauge = telemetry.metrics
      .gauge(`${prefix}.calls.in_flight`, { description: 'Calls that have started and not ended.', labels: ['method'] })
      .with({ method: this.#name });
    let running = 0;
    this.#inFlight = (change) => {
      running += change;
      gauge.set(running);
    };
  }

  begin(parent: Context, startedAt: number): ObservedCall {
    const span = this.#telemetry.tracer.start(parent, this.#name, this.#spanOptions);
    const { lane } = fieldsOf(parent);
    if (lane !== '') span.setAttribute(laneAttribute, lane);
    const ctx = span.context.traceId === noTraceId ? parent : withTrace(parent, span.context);
    this.#inFlight(1);
    return new ObservedCall(this, span, ctx, startedAt);
  }

  end(ctx: Context, span: Span, durationMs: number, error: unknown, now: number): void {
    const code = error === undefined ? 'ok' : errors.from(error).code;
    this.#inFlight(-1);
    this.#record(code, durationMs / 1000, fieldsOf(ctx).lane);
    if (error !== undefined) {
      span.fail(error);
      const tried = this.#triedBy(ctx);
      if (tried !== '') span.setAttribute(triedAttribute, tried);
    }
    span.setAttribute('rpc.code', code);
    span.end();
    this.#log(ctx, code, now, durationMs, error);
  }

  #log(ctx: Context, code: string, now: number, durationMs: number, error: unknown): void {
    let line = this.#lines.get(code);
    if (line === undefined) {
      const { side } = this.#method;
      const fields = { method: this.#name, side, code };
      const write = prepareLine(this.#telemetry.log, levelOf(side, code), `${side} ${this.#name} ${code}`, fields);
      // The id that the caller of such a call is given must find its line.
      line = { write, sample: faults.has(code) ? undefined : new LineSample() };
      this.#lines.set(code, line);
    }
    const { sample } = line;
    if (sample !== undefined && this.#telemetry.log.level !== 'debug' && !sample.takes(now)) return;
    line.write(ctx, () => {
      const { principal } = fieldsOf(ctx);
      const more: Record<string, unknown> = { durationMs: Math.round(durationMs * 1000) / 1000 };
      if (principal !== '') more.principal = principal;
      const skipped = sample?.takeSkipped() ?? 0;
      if (skipped > 0) more.skipped = skipped;
      if (error !== undefined) {
        const tried = this.#triedBy(ctx);
        if (tried !== '') more.tried = tried;
        more.error = error;
      }
      return more;
    });
  }

  /** The instances that a client's call went to so far, the last of them the one that failed: one that hangs says nothing itself. */
  #triedBy(ctx: Context): string {
    return this.#method.side === 'client' ? triedNodesOf(ctx).join(' ') : '';
  }
}

interface CallLine {
  readonly write: PreparedLine;
  /** Undefined: every call has its line. */
  readonly sample: LineSample | undefined;
}

/** The span attribute that has the lane of a call; calls of the baseline have none. */
export const laneAttribute = 'flotilla.lane';

/** The span attribute that has the instances that a failed call of a client went to, oldest first. */
const triedAttribute = 'flotilla.tried';

/** More lanes than these share a label: who may name one could make up any number. */
const maxLanes = 16;

function laneLabel(lanes: Set<string>, lane: string): string {
  if (lane === '' || lanes.has(lane)) return lane;
  if (lanes.size === maxLanes) return 'other';
  lanes.add(lane);
  return lane;
}

const noTraceId = '0'.repeat(32);
/** What is the service's own fault, or may be; the rest is the caller's (any stranger's 405 is `unimplemented`). */
const faults: ReadonlySet<string> = new Set(['unknown', 'internal', 'data_loss']);

function levelOf(side: 'server' | 'client', code: string): Level {
  if (code === 'ok') return side === 'server' ? 'info' : 'debug';
  if (faults.has(code)) return 'error';
  return code === 'unavailable' || code === 'deadline_exceeded' ? 'warn' : 'info';
}
