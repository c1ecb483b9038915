import {
  type Context as ApiContext,
  type ContextManager,
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { fieldsOf, type TraceContext, withFields } from '../../call/index.ts';
import { contextKey, current, runWith } from '../../concurrency/index.ts';

const apiContextKey = contextKey<ApiContext | undefined>('observe.open-telemetry', undefined);

/**
 * Keeps that API's context inside ours, so that there is one AsyncLocalStorage and one truth about the running span: the
 * trace of the current call's fields.
 */
export class BridgedContextManager implements ContextManager {
  active(): ApiContext {
    const ctx = current();
    const known = ctx.value(apiContextKey) ?? ROOT_CONTEXT;
    const { trace: running } = fieldsOf(ctx);
    if (running === undefined || trace.getSpanContext(known)?.spanId === running.spanId) return known;
    return trace.setSpanContext(known, toSpanContext(running));
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    apiContext: ApiContext,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const spanContext = trace.getSpanContext(apiContext);
    const ctx = current().withValue(apiContextKey, apiContext);
    const inSpan = spanContext === undefined ? ctx : withFields(ctx, { trace: fromSpanContext(spanContext) });
    return runWith(inSpan, () => fn.apply(thisArg, args));
  }

  /** Event emitters are returned as they are: their listeners run in the context of whoever emits. */
  bind<T>(apiContext: ApiContext, target: T): T {
    if (typeof target !== 'function') return target;
    const { with: run } = this;
    return function (this: unknown, ...args: unknown[]) {
      return run(apiContext, () => Reflect.apply(target, this, args));
    } as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

export function fromSpanContext({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  return { traceId, spanId, sampled: (traceFlags & 1) === 1, state: traceState?.serialize() ?? '' };
}

export function toSpanContext({ traceId, spanId, sampled, state }: TraceContext): SpanContext {
  return { traceId, spanId, traceFlags: sampled ? 1 : 0, ...(state !== '' && { traceState: createTraceState(state) }) };
}
