import type { Context } from '../../concurrency/index.ts';
import type { Breaker } from '../../guard/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import type { ClientGuardMetrics } from './client-guard-metrics.ts';

/** A breaker that comes and goes more often is told of once in so long. */
const quietMs = 10_000;

/** Tells of a breaker that begins to refuse calls, and that it has ended: in one log line each, and in the gauges meanwhile. */
export class BreakerWatch {
  readonly #what: string;
  #isRefusing = false;
  #refused = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #isTold = false;

  /** @param what `target Service/Method`, for the log. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Whether `ended` is worth a call. */
  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  refused(ctx: Context, breaker: Breaker, metrics: ClientGuardMetrics | undefined): void {
    this.#refused++;
    const snapshot = breaker.snapshot();
    metrics?.breaker(snapshot);
    if (this.#isRefusing) return;
    this.#isRefusing = true;
    const now = ctx.clock.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + quietMs;
    this.#isTold = true;
    const { calls, failures, kind } = snapshot;
    const message = `calls to ${this.#what} keep failing: some are not sent any more`;
    telemetryOf(ctx).log.warn(ctx, message, { breaker: kind, calls, failures });
  }

  /** A call that was let through has ended, while others were refused. */
  ended(ctx: Context, breaker: Breaker, metrics: ClientGuardMetrics | undefined): void {
    const snapshot = breaker.snapshot();
    metrics?.breaker(snapshot);
    if (snapshot.refusedShare > 0) return;
    this.#isRefusing = false;
    if (!this.#isTold) return;
    this.#isTold = false;
    const refused = this.#refused;
    this.#refused = 0;
    telemetryOf(ctx).log.info(ctx, `calls to ${this.#what} are all sent again`, { refused });
  }
}
