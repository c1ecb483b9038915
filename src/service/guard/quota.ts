import { type Admit, type CallHead, type Permit, type Rejection, transportOf } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import { type Quota, type QuotaOptions, quota } from '../../guard/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import { guardDefaults } from '../defaults.ts';
import type { Middleware } from '../method.ts';
import { DecisionCounts } from './decision-counts.ts';
import { headOfCall } from './head-of-call.ts';
import { guardSettingsOf } from './live-guard.ts';

export interface TenantQuotaOptions extends QuotaOptions {
  /** What a call takes of its tenant's share, a number above 0, also where `sizeBytes` is 0. Must not throw. Default: 1. */
  readonly cost?: (head: CallHead) => number;
}

/** A quota as servers take it. Both forms count against the same shares: use one of them. */
export interface TenantQuota extends AsyncDisposable {
  readonly quota: Quota;
  /** For a whole server: before anything of the call is parsed, so where the tenant that it names can be trusted. */
  readonly admit: Admit;
  /** For some methods: after authentication. */
  readonly middleware: Middleware;
  /** As `Quota.close`. */
  close(): Promise<void>;
}

/**
 * Starts a quota that tenants share over all instances of a service, and puts it before a server. What is refused is
 * answered `resource_exhausted` QUOTA_EXHAUSTED, 429 over HTTP, with `Retry-After` and how much there is.
 *
 *     await using tenants = tenantQuota(ctx, { tree: quotaTree({ limit: 5_000, template: {} }), store: redisQuotaStore(client) });
 *     createHttpServer({ ...options, middleware: [tenants.middleware] });
 *
 * It counts in the telemetry of `ctx`, and follows the settings that the app's configuration has for its name under
 * `guard.quota`. Close it when its servers have stopped.
 */
export function tenantQuota(ctx: Context, { cost, ...options }: TenantQuotaOptions): TenantQuota {
  const own = { ...guardDefaults.quota, ...options };
  const shared = quota(ctx, own);
  const decisions = new DecisionCounts(telemetryOf(ctx).metrics, 'quota');
  const unfollow = guardSettingsOf(ctx)?.follow('quota', (named) =>
    shared.configure({ ...own, ...named[shared.name] }),
  );
  const admit = (head: CallHead): Permit | Rejection => {
    const decision = shared.acquire(head, cost?.(head) ?? 1);
    decisions.count(shared.name, decision.admitted ? 'admitted' : decision.error.reason, head.fields.priority);
    return decision;
  };
  const close = () => {
    unfollow?.();
    return shared.close();
  };
  return {
    quota: shared,
    admit,
    middleware: (next, method) => async (ctx, input) => {
      const transport = method.side === 'server' ? transportOf(ctx) : undefined;
      // A share of a rate is given back by nobody: there is nothing to be done when the call ends.
      const decision = admit(headOfCall(ctx, method, transport));
      if (decision.quota !== undefined) transport?.tell(decision.quota);
      if (!decision.admitted) throw decision.error;
      return next(ctx, input);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
