import type { CallHead } from '../call/index.ts';
import { type Context, Latch, systemClock } from '../concurrency/index.ts';
import { p2cBalancer } from './balance/p2c.ts';
import type { MakeBalancer, Pick } from './balancer.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { checkInstance } from './instance.ts';
import type { Instance } from './registry.ts';
import { ReportedBalancer } from './reported-balancer.ts';
import type { Resolver } from './resolver.ts';

export interface StaticResolverOptions {
  /** Makes the balancer of a target. Default: `p2cBalancer`. */
  readonly balancer?: MakeBalancer;
}

/**
 * Resolves from lists that never change: for tests and for services behind a balancer of their own. Each URL counts as
 * the `rpc` and the `http` endpoint of an instance. Throws INVALID_INSTANCE at once for a URL that is none.
 *
 *     staticResolver({ room: ['http://127.0.0.1:1234'] })
 */
export function staticResolver(
  targets: Readonly<Record<string, readonly string[]>>,
  options: StaticResolverOptions = {},
): Resolver {
  const lists = Object.entries(targets).map(([service, urls]) => {
    const instances = urls.map((url, index) =>
      checkInstance({ id: `${service}-${index + 1}`, service, endpoints: { rpc: url, http: url } }),
    );
    return [service, instances] as const;
  });
  return listResolver(new Map(lists), options);
}

/** The same of instances, by service. */
export function listResolver(
  lists: ReadonlyMap<string, readonly Instance[]>,
  { balancer = p2cBalancer }: StaticResolverOptions,
): Resolver {
  const balancers = new Map<string, ReportedBalancer>();
  for (const [service, instances] of lists) {
    const made = new ReportedBalancer(service, { clock: systemClock, make: balancer });
    made.update({ service, revision: 1, instances });
    balancers.set(service, made);
  }
  const closed = new Latch(1, { name: 'close of a static resolver' });
  const pick = (ctx: Context, target: string, head: CallHead): Pick => {
    ctx.throwIfDone();
    const known = balancers.get(target);
    if (known !== undefined) return known.pick(ctx, head);
    const names = [...balancers.keys()].join(', ') || 'none';
    throw DiscoveryErrors.NO_INSTANCES(`no instance of "${target}": the static list has ${names}; add it there`, {
      metadata: { target },
    });
  };
  return {
    resolve(ctx, target, head) {
      try {
        return pick(ctx, target, head);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    async *watchNodes(ctx, target, lane = '') {
      yield balancers.get(target)?.nodesOf(lane) ?? [];
      try {
        await closed.wait(ctx);
      } catch {}
    },
    async close() {
      closed.countDown();
      for (const known of balancers.values()) known.close();
    },
  };
}
