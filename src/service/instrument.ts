import { fieldsOf, withFields } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { type Attributes, type Level, type Span, type Telemetry, telemetryOf } from '../observe/index.ts';
import { fullName, type Handler, type MethodInfo, type Middleware } from './method.ts';

/**
 * Emits a span, a duration histogram, an in-flight gauge and a log line for every call of a method, on either side. The
 * span becomes the Context's, so that what the handler calls and logs belongs to it. A stream's span ends with the
 * stream. Names follow the OpenTelemetry conventions for RPC and HTTP.
 *
 * Servers put it outermost after admission, clients innermost before the transport, so that each try has its own span.
 */
export const instrument: Middleware = (next, method) => {
  const perTelemetry = new WeakMap<Telemetry, Instruments>();
  return async (ctx, input) => {
    const telemetry = telemetryOf(ctx);
    let instruments = perTelemetry.get(telemetry);
    if (instruments === undefined) {
      instruments = new Instruments(telemetry, method);
      perTelemetry.set(telemetry, instruments);
    }
    return instruments.run(ctx, input, next);
  };
};

class Instruments {
  readonly #telemetry: Telemetry;
  readonly #method: MethodInfo;
  readonly #name: string;
  readonly #attributes: Attributes;
  readonly #record: (code: string, seconds: number) => void;
  readonly #inFlight: (change: number) => void;

  constructor(telemetry: Telemetry, method: MethodInfo) {
    this.#telemetry = telemetry;
    this.#method = method;
    this.#name = fullName(method);
    this.#attributes = { 'rpc.system': method.transport, 'rpc.service': method.service, 'rpc.method': method.method };
    const prefix = `${method.transport}.${method.side}`;
    const durations = telemetry.metrics.histogram(`${prefix}.call.duration`, {
      description: 'Time from the start of a call to its last byte.',
      unit: 's',
      labels: ['method', 'code'],
    });
    const children = new Map<string, { record(seconds: number): void }>();
    this.#record = (code, seconds) => {
      let child = children.get(code);
      if (child === undefined) {
        child = durations.with({ method: this.#name, code });
        children.set(code, child);
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

  async run<I, O>(parent: Context, input: I, next: Handler<I, O>): Promise<O> {
    const kind = this.#method.side;
    const span = this.#telemetry.tracer.start(parent, this.#name, { kind, attributes: this.#attributes });
    const ctx = span.context.traceId === noTraceId ? parent : withFields(parent, { trace: span.context });
    const started = parent.clock.now();
    this.#inFlight(1);
    let output: O;
    try {
      output = await next(ctx, input);
    } catch (error) {
      this.#end(ctx, span, started, error);
      throw error;
    }
    if (isAsyncIterable(output)) return this.#follow(ctx, span, started, output) as O;
    this.#end(ctx, span, started, undefined);
    return output;
  }

  async *#follow<T>(ctx: Context, span: Span, started: number, stream: AsyncIterable<T>): AsyncIterable<T> {
    let failure: unknown;
    try {
      yield* stream;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      this.#end(ctx, span, started, failure);
    }
  }

  #end(ctx: Context, span: Span, started: number, error: unknown): void {
    const durationMs = ctx.clock.now() - started;
    const code = error === undefined ? 'ok' : errors.from(error).code;
    this.#inFlight(-1);
    this.#record(code, durationMs / 1000);
    if (error !== undefined) span.fail(error);
    span.setAttribute('rpc.code', code);
    span.end();
    this.#log(ctx, code, durationMs, error);
  }

  #log(ctx: Context, code: string, durationMs: number, error: unknown): void {
    const level = levelOf(this.#method.side, code);
    const { principal } = fieldsOf(ctx);
    this.#telemetry.log.log(ctx, level, `${this.#method.side} ${this.#name} ${code}`, {
      method: this.#name,
      side: this.#method.side,
      code,
      durationMs: Math.round(durationMs * 1000) / 1000,
      ...(principal !== '' && { principal }),
      ...(error !== undefined && { error }),
    });
  }
}

const noTraceId = '0'.repeat(32);
/** What is the service's own fault, or may be; the rest is the caller's (any stranger's 405 is `unimplemented`). */
const faults: ReadonlySet<string> = new Set(['unknown', 'internal', 'data_loss']);

function levelOf(side: 'server' | 'client', code: string): Level {
  if (code === 'ok') return side === 'server' ? 'info' : 'debug';
  if (faults.has(code)) return 'error';
  return code === 'unavailable' || code === 'deadline_exceeded' ? 'warn' : 'info';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
