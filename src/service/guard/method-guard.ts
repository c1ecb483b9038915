import { type CallFields, fieldsOf, type Priority, withFields, withTriedNodes } from '../../call/index.ts';
import { isKnownDone } from '../../concurrency/context/done-listener.ts';
import { type Context, sleep, yieldNow } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import {
  type Breaker,
  type BreakerSnapshot,
  type HedgePolicy,
  type HedgeSnapshot,
  hedgePolicy,
  type RetryBudget,
  type RetryPolicy,
  retryPolicy,
  type Ticket,
} from '../../guard/index.ts';
import { noTelemetry, type Telemetry, telemetryOf } from '../../observe/index.ts';
import { guardDefaults } from '../defaults.ts';
import type { Handler, MethodInfo } from '../method.ts';
import { BreakerWatch } from './breaker-watch.ts';
import { ClientGuardMetrics } from './client-guard-metrics.ts';
import type { MethodGuardOptions } from './client-guard-options.ts';
import { hedgedCall, type Second, type Try } from './hedged-call.ts';
import { breakerOf } from './make-breaker.ts';

/** What the methods of one target share. */
export interface GuardedTarget {
  readonly name: string;
  readonly budget: RetryBudget;
  readonly random: () => number;
}

/** What the console shows of one method of one target. */
export interface MethodGuardSnapshot {
  readonly target: string;
  readonly method: string;
  /** Undefined: none. */
  readonly breaker: BreakerSnapshot | undefined;
  readonly retries: boolean;
  readonly hedge: HedgeSnapshot | undefined;
  /** How long a try that went well took of late. */
  readonly typicalMs: number;
}

/** Guards the calls of one method of one target: what its calls share, and the loop that each of them runs. */
export class MethodGuard {
  readonly #target: GuardedTarget;
  readonly #info: MethodInfo;
  readonly #watch: BreakerWatch;
  #breaker: Breaker | undefined;
  #choice: MethodGuardOptions['breaker'];
  #retry: RetryPolicy | undefined;
  #hedge: HedgePolicy | undefined;
  #typicalMs = 0;
  #telemetry: Telemetry = noTelemetry;
  #metrics: ClientGuardMetrics | undefined;

  constructor(target: GuardedTarget, info: MethodInfo, options: MethodGuardOptions) {
    this.#target = target;
    this.#info = info;
    this.#watch = new BreakerWatch(`${target.name} ${info.method}`);
    this.configure(options);
  }

  /** Takes these options in place of those it had; what it has learned stays. */
  configure({ breaker = {}, retry = {}, hedge = false }: MethodGuardOptions): void {
    const { maxAttempts, baseMs, maxWaitMs } = guardDefaults.retry;
    const { name, random } = this.#target;
    const { idempotent, kind, method } = this.#info;
    const retries = { maxAttempts, baseMs, maxWaitMs, random, ...(retry !== false && retry) };
    if (retry === false) this.#retry = undefined;
    else if (this.#retry === undefined) this.#retry = retryPolicy(retries);
    else this.#retry.configure(retries);
    const hedges = { ...guardDefaults.hedge, ...(typeof hedge === 'object' && hedge) };
    if (hedge === false || !idempotent || kind !== 'unary') this.#hedge = undefined;
    else if (this.#hedge === undefined) this.#hedge = hedgePolicy(hedges);
    else this.#hedge.configure(hedges);
    this.#breaker = breakerOf(breaker, `${name} ${method}`, random, this.#breaker, this.#choice);
    this.#choice = breaker;
  }

  snapshot(): MethodGuardSnapshot {
    return {
      target: this.#target.name,
      method: this.#info.method,
      breaker: this.#breaker?.snapshot(),
      retries: this.#retry !== undefined,
      hedge: this.#hedge?.snapshot(),
      typicalMs: this.#typicalMs,
    };
  }

  /** One call with all its tries. `isReplayable` is asked before a further try: whether the input is still whole. */
  call<I, O>(parent: Context, input: I, next: Handler<I, O>, isReplayable: (input: I) => boolean): Promise<O> {
    const startedAt = parent.clock.now();
    const { deadline } = parent;
    if (isKnownDone(parent) || (deadline !== undefined && deadline <= startedAt)) return rejected(parent);
    const fields = fieldsOf(parent);
    // A call that is a retry itself earns nothing: else each tier would add its share to those of the tiers above.
    if (fields.attempt === 0) this.#target.budget.deposit();
    const delayMs = this.#hedge === undefined || fields.attempt > 0 ? undefined : this.#hedge.begin();
    if (delayMs !== undefined && delayMs < parent.remainingMs())
      return this.#hedged({ parent, input, next, isReplayable, fields }, delayMs);
    const ctx = this.#retry === undefined ? parent : withTriedNodes(parent);
    const ticket = this.#admit(ctx, fields.priority);
    if (!ticket.admitted) return refused(ticket.error);
    // Most calls end here: no more than one promise is made for them.
    return begun(next, ctx, input).then(
      (output) => {
        this.#ended(ctx, ticket, undefined, startedAt, true);
        return output;
      },
      (failure) => {
        this.#ended(ctx, ticket, failure, startedAt, true);
        return this.#further({ parent, input, next, isReplayable, fields }, ctx, failure);
      },
    );
  }

  /** What follows after the first try has failed: more tries, or its failure. */
  async #further<I, O>(call: GuardedCall<I, O>, first: Context, failed: unknown): Promise<O> {
    const { parent, input, next, isReplayable, fields } = call;
    let failure = failed;
    let ctx = first;
    for (let attempt = 1; ; attempt++) {
      const waitMs = isReplayable(input) ? this.#again(parent, failure, attempt, fields) : undefined;
      if (waitMs === undefined) throw failure;
      if (waitMs > 0) await sleep(parent, waitMs);
      else parent.throwIfDone();
      ctx = withFields(ctx, { attempt: fields.attempt + attempt });
      const ticket = this.#admit(ctx, fields.priority);
      if (!ticket.admitted) return refused(failure);
      const startedAt = ctx.clock.now();
      try {
        const output = await next(ctx, input);
        this.#ended(ctx, ticket, undefined, startedAt, false);
        return output;
      } catch (thrown) {
        failure = thrown;
        this.#ended(ctx, ticket, thrown, startedAt, false);
      }
    }
  }

  /** The first try and perhaps a second one beside it, and what follows if both fail. Their tickets are returned within. */
  async #hedged<I, O>(call: GuardedCall<I, O>, delayMs: number): Promise<O> {
    const { parent, input, next, fields } = call;
    const ctx = withTriedNodes(parent);
    const ticket = this.#admit(ctx, fields.priority);
    if (!ticket.admitted) return refused(ticket.error);
    try {
      const first = this.#try(ticket, input, next, true);
      return await hedgedCall(ctx, delayMs, first, (isAgain) => this.#second(ctx, call, isAgain));
    } catch (failure) {
      return this.#further(call, ctx, failure);
    }
  }

  /** The second try, if it is paid and let through. */
  #second<I, O>(ctx: Context, { input, next, fields }: GuardedCall<I, O>, isAgain: boolean): Second<O> {
    const hedge = this.#hedge;
    const { budget } = this.#target;
    if (hedge === undefined) return undefined;
    const isPaid = hedge.withdraw(budget);
    if (isPaid || !isAgain) this.#metricsOf(ctx)?.tried(isPaid ? 'hedge' : 'exhausted', budget.snapshot().tokens);
    if (!isPaid) return 'later';
    const own = this.#admit(ctx, fields.priority);
    if (!own.admitted) return undefined;
    const second = this.#try(own, input, next, false);
    return (tryCtx) => second(withFields(tryCtx, { attempt: fields.attempt + 1 }));
  }

  #try<I, O>(ticket: Ticket, input: I, next: Handler<I, O>, isFirst: boolean): Try<O> {
    return async (ctx) => {
      const startedAt = ctx.clock.now();
      let thrown: unknown;
      try {
        return await next(ctx, input);
      } catch (error) {
        thrown = error;
        throw error;
      } finally {
        this.#ended(ctx, ticket, thrown, startedAt, isFirst);
      }
    };
  }

  #admit(ctx: Context, priority: Priority): ReturnType<Breaker['allow']> {
    const metrics = this.#metricsOf(ctx);
    const breaker = this.#breaker;
    const ticket = breaker === undefined ? unguarded : breaker.allow();
    metrics?.decided(ticket.admitted, priority);
    if (!ticket.admitted && breaker !== undefined) this.#watch.refused(ctx, breaker, metrics);
    return ticket;
  }

  #ended(ctx: Context, ticket: Ticket, thrown: unknown, startedAt: number, isFirst: boolean): void {
    const durationMs = ctx.clock.now() - startedAt;
    // Also one that was cancelled because the second was quicker, or had no time left: it took at least so long.
    if (isFirst && (thrown === undefined || ctx.err() !== undefined)) this.#hedge?.record(durationMs);
    if (thrown === undefined) {
      this.#typicalMs += (durationMs - this.#typicalMs) * (this.#typicalMs === 0 ? 1 : 0.1);
      ticket.done({ error: undefined, durationMs });
    } else {
      ticket.done({ error: this.#provesNothing(thrown, durationMs) ? nothing : errors.from(thrown), durationMs });
    }
    const breaker = this.#breaker;
    if (this.#watch.isRefusing && breaker !== undefined) this.#watch.ended(ctx, breaker, this.#metricsOf(ctx));
  }

  /**
   * What is no StatusError comes from a mistake of this program; and a caller that waited less than a call takes as a rule
   * must not close the way for those who wait.
   */
  #provesNothing(thrown: unknown, durationMs: number): boolean {
    if (!errors.isStatusError(thrown)) return true;
    return thrown.code === 'deadline_exceeded' && durationMs < this.#typicalMs;
  }

  /** How long to wait for the next try; undefined: there is none. */
  #again(ctx: Context, thrown: unknown, attempt: number, { attempt: before }: CallFields): number | undefined {
    const retry = this.#retry;
    if (retry === undefined || !errors.isStatusError(thrown)) return undefined;
    const verdict = retry.decide({
      error: thrown,
      attempt,
      isRetry: before > 0,
      idempotent: this.#info.idempotent,
      remainingMs: ctx.remainingMs(),
      typicalMs: this.#typicalMs,
    });
    if (!verdict.retry) return undefined;
    const { budget } = this.#target;
    const isPaid = verdict.isFree || budget.withdraw();
    this.#metricsOf(ctx)?.tried(isPaid ? 'retry' : 'exhausted', budget.snapshot().tokens);
    return isPaid ? verdict.waitMs : undefined;
  }

  /** Undefined where there is no telemetry. */
  #metricsOf(ctx: Context): ClientGuardMetrics | undefined {
    const telemetry = telemetryOf(ctx);
    if (telemetry === this.#telemetry) return this.#metrics;
    this.#telemetry = telemetry;
    const { name } = this.#target;
    this.#metrics = telemetry === noTelemetry ? undefined : new ClientGuardMetrics(telemetry, name, this.#info.method);
    return this.#metrics;
  }
}

interface GuardedCall<I, O> {
  readonly parent: Context;
  readonly input: I;
  readonly next: Handler<I, O>;
  readonly isReplayable: (input: I) => boolean;
  readonly fields: CallFields;
}

/** What a handler throws before it gives a promise becomes one that rejects. */
function begun<I, O>(next: Handler<I, O>, ctx: Context, input: I): Promise<O> {
  try {
    return next(ctx, input);
  } catch (error) {
    return Promise.reject(error);
  }
}

async function rejected(ctx: Context): Promise<never> {
  ctx.throwIfDone();
  throw ctx.err();
}

async function refused(error: unknown): Promise<never> {
  // Whoever calls again at once, for ever, would not let the loop turn: nobody's answer could arrive any more.
  await yieldNow();
  throw error;
}

const nothing = new errors.StatusError('canceled', 'the call proves nothing');

const unguarded: Ticket = { admitted: true, done: () => {} };
