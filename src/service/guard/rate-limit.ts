import { type Admit, type CallHead, type Permit, type Rejection, transportOf } from '../../call/index.ts';
import * as errors from '../../errors/index.ts';
import type { KeyedLimit, Limit, NamedLimiter, SeveralLimits } from '../../guard/index.ts';
import type { Counter, Metrics } from '../../observe/index.ts';
import { fullName, type MethodInfo, type Middleware } from '../method.ts';
import { runToEnd } from './call-end.ts';
import { DecisionCounts, PerTelemetry } from './decision-counts.ts';
import { Followed } from './followed.ts';
import { headOfCall } from './head-of-call.ts';

export interface RateLimitOptions {
  /**
   * Which methods the middleware limits, by their full name: `live.room.v1.RoomService/GetRoom`, `POST /v1/rooms`. They share
   * the limit, unless it is keyed `byMethod`. Default: all that it wraps.
   */
  readonly methods?: readonly string[] | ((method: MethodInfo) => boolean);
  /** What a call takes of the limit, a number above 0, also where `sizeBytes` is 0. Must not throw. Default: 1. */
  readonly cost?: (head: CallHead) => number;
  /** Where `admit` counts its decisions; the middleware knows by its Context. Default: nowhere. */
  readonly metrics?: Metrics;
}

/** A limit as servers take it. Both forms count against the same limit: use one of them. */
export interface RateLimit {
  /** For a whole server: before anything of the call is parsed, which is the cheapest; but before authentication too. */
  readonly admit: Admit;
  /** For some methods of a server, or for the calls of a client: it sees who is authenticated. */
  readonly middleware: Middleware;
}

/**
 * Puts a limit on a server or a client. What is refused is answered `resource_exhausted` RATE_LIMITED, 429 over HTTP, with
 * `Retry-After`; a limit made with `tell` also writes `RateLimit` and `RateLimit-Policy` over HTTP/1.
 *
 *     const signUps = rateLimit(keyedLimiter({ name: 'sign-up', limit: 5, windowMs: 3_600_000, key: byAddress }), {
 *       methods: ['POST /v1/accounts'],
 *     });
 *     createHttpServer({ ...options, middleware: [signUps.middleware] });
 *
 * The middleware follows the settings that the app's configuration has for the limit's name under `guard.limits`.
 */
export function rateLimit(limit: NamedLimiter, options: RateLimitOptions = {}): RateLimit {
  const { cost, metrics } = options;
  const own = metrics === undefined ? undefined : new LimitCounts(metrics, limit);
  const perTelemetry = new PerTelemetry((telemetry) => new LimitCounts(telemetry.metrics, limit));
  const followed = configurable(limit).map((core) => new Followed('limits', core));
  const decide = (head: CallHead, counts: LimitCounts | undefined): Permit | Rejection => {
    const decision = limit.acquire(head, cost?.(head) ?? 1);
    counts?.count(decision, head);
    return decision;
  };
  return {
    admit: (head) => decide(head, own),
    middleware: (next, method) => {
      if (!isLimited(method, options.methods)) return next;
      return async (ctx, input) => {
        for (const core of followed) core.look(ctx);
        const transport = method.side === 'server' ? transportOf(ctx) : undefined;
        const decision = decide(headOfCall(ctx, method, transport), perTelemetry.of(ctx));
        if (decision.quota !== undefined) transport?.tell(decision.quota);
        if (!decision.admitted) throw decision.error;
        const startedAt = ctx.clock.now();
        return runToEnd(ctx, input, next, (error) =>
          decision.done({
            error: error === undefined ? undefined : errors.from(error),
            durationMs: ctx.clock.now() - startedAt,
          }),
        );
      };
    },
  };
}

function isLimited(method: MethodInfo, methods: RateLimitOptions['methods']): boolean {
  if (methods === undefined) return true;
  return typeof methods === 'function' ? methods(method) : methods.includes(fullName(method));
}

function configurable(limit: NamedLimiter): Limit[] {
  if ('limits' in limit) return (limit as SeveralLimits).limits.flatMap(configurable);
  return 'configure' in limit && 'settings' in limit ? [limit as Limit] : [];
}

class LimitCounts {
  readonly #limit: NamedLimiter;
  readonly #decisions: DecisionCounts;
  readonly #evictions: Counter | undefined;
  #evicted = 0;

  constructor(metrics: Metrics, limit: NamedLimiter) {
    this.#limit = limit;
    this.#decisions = new DecisionCounts(metrics, 'limit');
    if (!isKeyed(limit)) return;
    this.#evictions = metrics
      .counter('guard.limit.evicted', {
        description: 'Keys of a limit that were forgotten for want of room, and begin anew.',
        unit: '{key}',
        labels: ['name'],
      })
      .with({ name: limit.name });
    this.#evicted = limit.evicted;
  }

  count(decision: Permit | Rejection, { fields: { priority } }: CallHead): void {
    if (decision.admitted) this.#decisions.count(this.#limit.name, 'admitted', priority);
    else {
      const { reason, metadata } = decision.error;
      // Of several limits together, the one that refused.
      this.#decisions.count(metadata.limit ?? this.#limit.name, reason, priority);
    }
    if (this.#evictions === undefined) return;
    const { evicted } = this.#limit as KeyedLimit;
    if (evicted === this.#evicted) return;
    this.#evictions.add(evicted - this.#evicted);
    this.#evicted = evicted;
  }
}

function isKeyed(limit: NamedLimiter): limit is KeyedLimit {
  return 'evicted' in limit;
}
