import { type CallFields, fieldsOf, setFields } from '../call/index.ts';
import {
  type Awaitable,
  enter as becomeCurrent,
  type CancelContext,
  type Context,
  runWith,
  until,
} from '../concurrency/index.ts';
import { StepLayer } from '../concurrency/steps/step-layer.ts';
import { stepsOf } from '../concurrency/steps/steps-of.ts';
import * as errors from '../errors/index.ts';
import { noTelemetry, type Telemetry } from '../observe/index.ts';
import { guardDefaults } from './defaults.ts';
import { instrumentStep, isPromise } from './instrument.ts';
import { chain, type Handler, type MethodInfo, type Middleware, type Step } from './method.ts';

/**
 * Puts together, once, what every transport runs for a call of this method after admission:
 * trace ▸ metrics ▸ log ▸ deadline ▸ the user's middleware ▸ handler, with the call's Context as the current one.
 * What the handler throws comes out as what may leave the service ({@link errors.conceal}); the call's log line has the
 * whole chain and the id. A handler that is done at once is answered at once: nothing in between waits for a promise.
 *
 * The Context that it takes is {@link callContext}'s.
 */
export function serverCall<I, O>(
  handler: Step<I, O>,
  method: MethodInfo,
  middleware: readonly Middleware[] = [],
  options: ServerCallOptions = {},
): Step<I, O> {
  const inner = middleware.length === 0 ? handler : chain(middleware)(asHandler(handler), method);
  const single = method.kind === 'unary' || method.kind === 'client_stream';
  const { isRoot = false, telemetry } = options;
  const limited = single ? bounded(inner, isRoot) : inner;
  const entered = enter(limited, isRoot ? runAtRoot : runWithin);
  // Nothing to emit to is known before the first call, or never.
  return telemetry === noTelemetry ? entered : instrumentStep(entered, method);
}

export interface ServerCallOptions {
  /**
   * The event loop itself makes the calls, each with a Context that has just been made: no code of the program is on the
   * stack, whose Context would be replaced. Default: false.
   */
  readonly isRoot?: boolean;
  /** The telemetry of all Contexts that will come. Default: each call's Context is asked. */
  readonly telemetry?: Telemetry;
}

/**
 * A call's Context: `base` (the server's, with its telemetry), the fields that came, and the earlier of both time limits,
 * counted from `startedAt`, by default now. Of the caller's limit a little is kept for the answer's way
 * (`guardDefaults.deadline`): what a server finds out in the last moment nobody waits for any more.
 */
export function callContext(
  base: Context,
  head: { readonly fields: CallFields; readonly timeoutMs: number | undefined },
  methodTimeoutMs: number,
  startedAt = base.clock.now(),
): CancelContext {
  const { fields, timeoutMs = Number.POSITIVE_INFINITY } = head;
  const carried = fieldsOf(base) === fields ? base : setFields(base, fields);
  const { reserveShare, maxReserveMs } = guardDefaults.deadline;
  const workMs = timeoutMs - Math.min(maxReserveMs, timeoutMs * reserveShare);
  const limit = methodTimeoutMs === 0 ? workMs : Math.min(workMs, methodTimeoutMs);
  return limit === Number.POSITIVE_INFINITY ? carried.withCancel() : carried.withDeadline(startedAt + limit);
}

/** A middleware counts on a promise, and a handler may throw before it gives one. */
function asHandler<I, O>(step: Step<I, O>): Handler<I, O> {
  return async (ctx, input) => step(ctx, input);
}

/** Ends the call when its Context ends, even if the handler does not look at it. What it throws, {@link enter} catches. */
function bounded<I, O>(next: Step<I, O>, isFresh: boolean): Step<I, O> {
  return (ctx, input) => {
    // One that was made for this call a moment ago is worth no look at the clock.
    if (!isFresh) ctx.throwIfDone();
    const output = next(ctx, input);
    return isPromise(output) ? until(ctx, output) : output;
  };
}

type Run = <I, O>(next: Step<I, O>, ctx: Context, input: I) => Awaitable<O>;

const runWithin: Run = (next, ctx, input) => runWith(ctx, () => next(ctx, input));

const runAtRoot: Run = (next, ctx, input) => {
  becomeCurrent(ctx);
  return next(ctx, input);
};

/** Makes the call's Context the current one and hides what must not leave; for a stream, in each of its steps. */
function enter<I, O>(next: Step<I, O>, run: Run): Step<I, O> {
  return (ctx, input) => {
    let output: Awaitable<O>;
    try {
      output = run(next, ctx, input);
    } catch (error) {
      throw hide(error);
    }
    if (isPromise(output)) return output.then((value) => follow(ctx, value), rethrowHidden);
    return follow(ctx, output);
  };
}

function follow<O>(ctx: Context, output: O): O {
  return isStream(output) ? (new Hidden(runWith(ctx, () => stepsOf(output))) as O) : output;
}

function rethrowHidden(error: unknown): never {
  throw hide(error);
}

function hide(error: unknown): errors.StatusError {
  return errors.conceal(error, crypto.randomUUID());
}

/** What fails a stream comes out as what may leave the service. */
class Hidden<T> extends StepLayer<T> {
  override leave(): Promise<unknown> | undefined {
    return super.leave()?.catch(rethrowHidden);
  }

  override onStep(value: T): void {
    this.takeReader().onStep(value);
  }

  override onFail(error: unknown): void {
    super.onFail(hide(error));
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
