import type { Awaitable } from '../concurrency/index.ts';
import { stepsOf } from '../concurrency/steps/steps-of.ts';
import { callObserver, type ObservedCall } from './call-observer.ts';
import { FollowedSteps } from './followed-steps.ts';
import type { MethodInfo, Middleware, Step } from './method.ts';

/**
 * Emits a span, a duration histogram, an in-flight gauge and a log line for every call of a method, on either side. The
 * span becomes the Context's, so that what the handler calls and logs belongs to it. A stream's span ends with the
 * stream, at the latest with its Context. The metrics are `rpc.server.call.duration`, `http.client.calls.in_flight` and so
 * on, by the method's transport and side; the span's attributes are those of OpenTelemetry for RPC, on HTTP too.
 *
 * Servers put it outermost after admission, clients innermost before the transport, so that each try has its own span.
 */
export const instrument: Middleware = (next, method) => {
  const step = instrumentStep(next, method);
  return async (ctx, input) => step(ctx, input);
};

/** The same for a chain whose steps need not wait. Where there is no telemetry it costs one look at the Context. */
export function instrumentStep<I, O>(next: Step<I, O>, method: MethodInfo): Step<I, O> {
  const observe = callObserver(method);
  return (ctx, input) => {
    const call = observe(ctx);
    return call === undefined ? next(ctx, input) : observed(call, input, next);
  };
}

export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** Runs a step under a call that is being observed, and ends it. */
export function observed<I, O>(call: ObservedCall, input: I, next: Step<I, O>): Awaitable<O> {
  const settle = (output: O): O => {
    if (isAsyncIterable(output)) return new FollowedSteps(call.ctx, stepsOf(output), (error) => call.end(error)) as O;
    call.end(undefined);
    return output;
  };
  const fail = (error: unknown): never => {
    call.end(error);
    throw error;
  };
  let output: Awaitable<O>;
  try {
    output = next(call.ctx, input);
  } catch (error) {
    return fail(error);
  }
  return isPromise(output) ? output.then(settle, fail) : settle(output);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
