import {
  type Attributes as ApiAttributes,
  type Context as ApiContext,
  type Span as ApiSpan,
  SpanKind as ApiSpanKind,
  type SpanOptions as ApiSpanOptions,
  type Tracer as ApiTracer,
  type AttributeValue,
  context,
  type Exception,
  type SpanContext,
  type SpanStatus,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { withFields } from '../../call/index.ts';
import { background, current } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { noTelemetry } from '../no-telemetry.ts';
import { type Attributes, type Span, type SpanKind, type Telemetry, telemetryOf } from '../telemetry.ts';
import { fromSpanContext, toSpanContext } from './context-manager.ts';

const kinds: Readonly<Record<ApiSpanKind, SpanKind>> = {
  [ApiSpanKind.INTERNAL]: 'internal',
  [ApiSpanKind.SERVER]: 'server',
  [ApiSpanKind.CLIENT]: 'client',
  [ApiSpanKind.PRODUCER]: 'producer',
  [ApiSpanKind.CONSUMER]: 'consumer',
};

/** Makes spans of the running call's telemetry. */
export class BridgedTracer implements ApiTracer {
  readonly #fallback: Telemetry;

  constructor(fallback: Telemetry) {
    this.#fallback = fallback;
  }

  startSpan(name: string, options: ApiSpanOptions = {}, apiContext: ApiContext = context.active()): ApiSpan {
    const running = telemetryOf(current());
    const { tracer } = running === noTelemetry ? this.#fallback : running;
    const parent = options.root === true ? undefined : trace.getSpanContext(apiContext);
    const ctx = parent === undefined ? background() : withFields(background(), { trace: fromSpanContext(parent) });
    const kind = kinds[options.kind ?? ApiSpanKind.INTERNAL];
    return new BridgedSpan(tracer.start(ctx, name, { kind, attributes: flatten(options.attributes) }));
  }

  startActiveSpan<F extends (span: ApiSpan) => unknown>(name: string, ...rest: readonly unknown[]): ReturnType<F> {
    const fn = rest.at(-1) as F;
    const options = rest.length > 1 ? (rest[0] as ApiSpanOptions | undefined) : undefined;
    const parent = rest.length > 2 ? (rest[1] as ApiContext) : context.active();
    const span = this.startSpan(name, options, parent);
    return context.with(trace.setSpan(parent, span), fn as (span: ApiSpan) => ReturnType<F>, undefined, span);
  }
}

class BridgedSpan implements ApiSpan {
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  spanContext(): SpanContext {
    return toSpanContext(this.#span.context);
  }

  setAttribute(key: string, value: AttributeValue): this {
    this.#span.setAttribute(key, flat(value));
    return this;
  }

  setAttributes(attributes: ApiAttributes): this {
    for (const [key, value] of Object.entries(flatten(attributes))) this.#span.setAttribute(key, value);
    return this;
  }

  addEvent(name: string, attributesOrTime?: unknown): this {
    const isAttributes =
      typeof attributesOrTime === 'object' && !Array.isArray(attributesOrTime) && !(attributesOrTime instanceof Date);
    this.#span.addEvent(name, isAttributes ? flatten(attributesOrTime as ApiAttributes) : undefined);
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  /** A code that blames this side whatever the kind, and brings no stack: where it was made says nothing. */
  setStatus({ code, message = '' }: SpanStatus): this {
    if (code === SpanStatusCode.ERROR) this.#span.fail(new StatusError('unavailable', message, { reason: 'ERROR' }));
    return this;
  }

  updateName(): this {
    return this;
  }

  end(): void {
    this.#span.end();
  }

  isRecording(): boolean {
    return this.#span.recording;
  }

  recordException(exception: Exception): void {
    const said: { readonly name?: string; readonly message?: string; readonly stack?: string } =
      typeof exception === 'string' ? { message: exception } : exception;
    this.#span.addEvent('exception', {
      'exception.type': said.name ?? 'Error',
      'exception.message': said.message ?? '',
      'exception.stacktrace': said.stack ?? '',
    });
  }
}

function flatten(attributes: ApiAttributes = {}): Attributes {
  const result: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) result[key] = flat(value);
  return result;
}

/** Lists and what else is no scalar become JSON: our attributes are scalars. */
function flat(value: unknown): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value) ?? String(value);
}
