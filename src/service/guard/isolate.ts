import { fieldsOf } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import type { Bulkhead, BulkheadPermit, SlowLane } from '../../guard/index.ts';
import type { Gauge, Metrics } from '../../observe/index.ts';
import { fullName, type Handler, type MethodInfo, type Middleware } from '../method.ts';
import { isStream, runToEnd } from './call-end.ts';
import { DecisionCounts, PerTelemetry } from './decision-counts.ts';
import { Followed } from './followed.ts';

/**
 * Runs calls within a bulkhead: on a client's side one for the whole dependency, on a server's one for its tenants
 * (`fairBulkhead`), or one for each method, made at start-up, where a function is given. What waits for a place waits
 * within its own deadline; a stream holds its place until it ends. It follows the settings that the app's configuration has
 * for the bulkhead's name under `guard.isolation`.
 *
 *     createRpcClient(MailService, { ...options, middleware: [isolate(bulkhead({ name: 'mail', maxInFlight: 20 }))] });
 *     createRpcServer({ ...options, middleware: [isolate(fairBulkhead({ name: 'reports', maxInFlight: 8 }))] });
 *     const perMethod = isolate((method) => bulkhead({ name: fullName(method), maxInFlight: 50 }));
 */
export function isolate(bulkhead: Bulkhead | ((method: MethodInfo) => Bulkhead)): Middleware {
  return (next, method) => {
    const own = typeof bulkhead === 'function' ? bulkhead(method) : bulkhead;
    const perTelemetry = new PerTelemetry((telemetry) => new BulkheadMetrics(telemetry.metrics, own));
    const followed = new Followed('isolation', own);
    return async (ctx, input) => {
      followed.look(ctx);
      return runWithin(own, perTelemetry.of(ctx), ctx, input, next);
    };
  };
}

/**
 * Lets the calls of slow methods run only in the lane, which has a bound, and all others freely. It learns which they are;
 * of answers that are streams it learns nothing, since they last for as long as their readers like.
 *
 *     createRpcServer({ ...options, middleware: [isolateSlow(slowLane({ name: 'slow', maxInFlight: 16 }))] });
 */
export function isolateSlow(lane: SlowLane): Middleware {
  const followed = new Followed('isolation', lane);
  return (next, method) => {
    const name = fullName(method);
    const perTelemetry = new PerTelemetry((telemetry) => new BulkheadMetrics(telemetry.metrics, lane.lane));
    const timed: typeof next = async (ctx, input) => {
      const startedAt = ctx.clock.now();
      const output = await next(ctx, input);
      if (!isStream(output)) lane.record(name, ctx.clock.now() - startedAt);
      return output;
    };
    return async (ctx, input) => {
      followed.look(ctx);
      return lane.isSlow(name) ? runWithin(lane.lane, perTelemetry.of(ctx), ctx, input, timed) : timed(ctx, input);
    };
  };
}

async function runWithin<I, O>(
  bulkhead: Bulkhead,
  metrics: BulkheadMetrics | undefined,
  ctx: Context,
  input: I,
  next: Handler<I, O>,
): Promise<O> {
  let permit: BulkheadPermit;
  try {
    const coming = bulkhead.acquire(ctx);
    metrics?.update();
    permit = coming instanceof Promise ? await coming : coming;
  } catch (error) {
    metrics?.decided(ctx, errors.from(error).reason);
    throw error;
  }
  metrics?.decided(ctx, 'admitted');
  return runToEnd(ctx, input, next, () => {
    permit.release();
    metrics?.update();
  });
}

class BulkheadMetrics {
  readonly #bulkhead: Bulkhead;
  readonly #decisions: DecisionCounts;
  readonly #inFlight: Gauge;
  readonly #queued: Gauge;

  constructor(metrics: Metrics, bulkhead: Bulkhead) {
    this.#bulkhead = bulkhead;
    this.#decisions = new DecisionCounts(metrics, 'bulkhead');
    const labels = ['name'];
    const { name } = bulkhead;
    this.#inFlight = metrics
      .gauge('guard.bulkhead.in_flight', { description: 'Calls that run within a bulkhead.', labels })
      .with({ name });
    this.#queued = metrics
      .gauge('guard.bulkhead.queued', { description: 'Calls that wait for a place in a bulkhead.', labels })
      .with({ name });
  }

  decided(ctx: Context, decision: string): void {
    this.#decisions.count(this.#bulkhead.name, decision, fieldsOf(ctx).priority);
    this.update();
  }

  update(): void {
    this.#inFlight.set(this.#bulkhead.inFlight);
    this.#queued.set(this.#bulkhead.queued);
  }
}
