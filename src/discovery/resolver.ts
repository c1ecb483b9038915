import type { CallHead } from '../call/index.ts';
import {
  type Awaitable,
  background,
  type CancelContext,
  type Context,
  Latch,
  sleep,
  WaitGroup,
} from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import type { OutlierOptions } from '../guard/index.ts';
import { p2cBalancer } from './balance/p2c.ts';
import type { MakeBalancer, Pick as PickedNode } from './balancer.ts';
import { Changes } from './changes.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Registry } from './registry.ts';
import { ReportedBalancer } from './reported-balancer.ts';

/** Finds the instance that a call goes to. */
export interface Resolver {
  /**
   * An instance of the target for this call. Waits for the target's first list only, no longer than `ctx`. Fails with
   * `unavailable` NO_INSTANCES if none is known, and what `ctx` ended with if it was cancelled meanwhile. Instances that
   * earlier tries of the call went to (`triedNodesOf`) are avoided where there are others.
   */
  resolve(ctx: Context, target: string, head: CallHead): Awaitable<PickedNode>;
  /**
   * The lane whose instances a call of this lane goes to: itself, or '' where the target has none in it (and its lanes are
   * not strict). Waits and throws as `resolve` does for the first list. Default: '' for all lanes; there are none.
   */
  servingLane?(ctx: Context, target: string, lane: string): Promise<string>;
  /**
   * The instances that calls of a lane may go to, to keep connections to them: a subset where the balancer uses one. As they are
   * now, after the first list, then after each new list; ends with `ctx` or the resolver. A slow reader misses those between.
   * Default: nobody can tell.
   */
  watchNodes?(ctx: Context, target: string, lane?: string): AsyncIterable<readonly Instance[]>;
  /** Ends its watches. The registry stays open: it belongs to its maker. */
  close(): Promise<void>;
}

export interface TargetOptions {
  /** Default: the resolver's. */
  readonly balancer?: MakeBalancer;
  /**
   * Its lanes are closed in themselves: a call of a lane in which it has no instance is refused with NO_INSTANCES, and not
   * served by the baseline. Default: false.
   */
  readonly strictLanes?: boolean;
}

export interface ResolverOptions {
  /** Makes the balancer of a target, one for each of its lanes. Default: `p2cBalancer`. */
  readonly balancer?: MakeBalancer;
  /** Targets for which something else holds. Default: none. */
  readonly targets?: Readonly<Record<string, TargetOptions>>;
  /** When balancers eject an instance, unless they were made with options of their own. Default of each: `guardDefaults.outlier`. */
  readonly outlier?: Partial<OutlierOptions>;
  /** How long a call without a deadline waits for the first list of its target. Default: 5,000. */
  readonly firstListTimeoutMs?: number;
  /** Where its watches live: its clock counts. Default: `background()`. */
  readonly ctx?: Context;
}

/** What a resolver needs of a registry. */
export interface WatchedLists extends Pick<Registry, 'watch'> {
  /** What to do where there is nobody, and where no list has come; for messages. Default: what a registry advises. */
  readonly advice?: { readonly nobody: string; readonly noList: string };
}

/**
 * Resolves through a registry: one watch and one balancer per target, shared by all clients, started by the first call.
 * The last list stays in use while the registry is away. Each lane of a target has a balancer of its own (`laneBalancer`).
 */
export function createResolver(registry: WatchedLists, options: ResolverOptions = {}): Resolver {
  return new RegistryResolver(registry, options);
}

interface Target {
  readonly balancer: ReportedBalancer;
  /** Opens with the first list. */
  readonly first: Latch;
  /** Of its list. */
  readonly changes: Changes;
  /** Why no list could be taken, last. */
  failure: unknown;
}

/** Within it a registry that answers at all has answered. */
const soonMs = 500;

class RegistryResolver implements Resolver {
  readonly #registry: WatchedLists;
  readonly #balancer: MakeBalancer;
  readonly #outlier: Partial<OutlierOptions> | undefined;
  readonly #options: ReadonlyMap<string, TargetOptions>;
  readonly #firstListTimeoutMs: number;
  readonly #ctx: CancelContext;
  readonly #targets = new Map<string, Target>();
  readonly #watches = new WaitGroup({ name: 'watches of the resolver' });

  constructor(registry: WatchedLists, options: ResolverOptions) {
    const { balancer = p2cBalancer, targets = {}, outlier } = options;
    const { firstListTimeoutMs = 5_000, ctx = background() } = options;
    this.#registry = registry;
    this.#ctx = ctx.withCancel();
    this.#balancer = balancer;
    this.#outlier = outlier;
    this.#options = new Map(Object.entries(targets));
    this.#firstListTimeoutMs = firstListTimeoutMs;
  }

  resolve(ctx: Context, name: string, head: CallHead): Awaitable<PickedNode> {
    try {
      const target = this.#known(name);
      return target.first.count > 0 ? this.#resolveFirst(ctx, name, target, head) : this.#pick(ctx, target, head, name);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #resolveFirst(ctx: Context, name: string, target: Target, head: CallHead): Promise<PickedNode> {
    await this.#firstList(ctx, name, target);
    return this.#pick(ctx, target, head, name);
  }

  async servingLane(ctx: Context, name: string, lane: string): Promise<string> {
    const target = this.#known(name);
    if (target.first.count > 0 && !(await this.#hasListSoon(ctx, name, target))) return '';
    return target.balancer.servingLane(lane);
  }

  async *watchNodes(ctx: Context, name: string, lane = ''): AsyncIterable<readonly Instance[]> {
    const { balancer, changes } = this.#known(name);
    for (let seen = 0; await changes.after(ctx, seen); ) {
      seen = changes.count;
      yield balancer.nodesOf(lane);
    }
  }

  async close(): Promise<void> {
    this.#ctx.cancel(new Error('the resolver was closed'));
    for (const { balancer, changes } of this.#targets.values()) {
      balancer.close();
      changes.close();
    }
    await this.#watches.wait(background());
  }

  #known(name: string): Target {
    if (this.#ctx.err() !== undefined)
      throw DiscoveryErrors.REGISTRY_CLOSED(`resolve "${name}": the resolver was closed`);
    return this.#targets.get(name) ?? this.#watch(name);
  }

  #watch(name: string): Target {
    const first = new Latch(1, { name: `list of ${name}` });
    const { balancer: make = this.#balancer, strictLanes: isStrict = false } = this.#options.get(name) ?? {};
    const balancer = new ReportedBalancer(name, { clock: this.#ctx.clock, make, outlier: this.#outlier, isStrict });
    const target: Target = { balancer, first, changes: new Changes(), failure: undefined };
    this.#targets.set(name, target);
    this.#watches.go(() => this.#follow(name, target));
    return target;
  }

  /** A watch ends only with its Context; should an implementation fail all the same, it is started again, once a second. */
  async #follow(name: string, target: Target): Promise<void> {
    const { balancer, first, changes } = target;
    while (this.#ctx.err() === undefined) {
      try {
        for await (const snapshot of this.#registry.watch(this.#ctx, name)) {
          balancer.update(snapshot);
          first.countDown();
          changes.bump();
        }
      } catch (error) {
        target.failure = error;
      }
      await sleep(this.#ctx, 1_000).catch(() => {});
    }
  }

  /**
   * Who asks has an instance of the baseline at hand: while nobody can tell of another, that one serves. Not where lanes are
   * strict; there a list is waited for.
   */
  async #hasListSoon(ctx: Context, name: string, target: Target): Promise<boolean> {
    if (this.#options.get(name)?.strictLanes === true) {
      await this.#firstList(ctx, name, target);
      return true;
    }
    using waiting = ctx.withTimeout(Math.min(soonMs, this.#firstListTimeoutMs));
    try {
      await target.first.wait(waiting);
    } catch {
      ctx.throwIfDone();
    }
    return target.first.count === 0;
  }

  async #firstList(ctx: Context, name: string, target: Target): Promise<void> {
    using waiting = ctx.withTimeout(this.#firstListTimeoutMs);
    try {
      await target.first.wait(waiting);
    } catch (error) {
      if (ctx.err()?.code === 'canceled') throw error;
      const { noList = 'the registry has not answered; check that it runs and that its address is right' } =
        this.#registry.advice ?? {};
      const { failure } = target;
      const why = failure === undefined ? noList : `it could not be taken: ${errors.from(failure).message}`;
      const message = `no list of the instances of "${name}" yet: ${why}`;
      throw DiscoveryErrors.NO_INSTANCES(message, { metadata: { target: name }, cause: failure ?? error });
    }
  }

  #pick(ctx: Context, { balancer }: Target, head: CallHead, name: string): PickedNode {
    try {
      return balancer.pick(ctx, head);
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  #explain(error: unknown, name: string): unknown {
    if (!errors.is(error, DiscoveryErrors.NO_INSTANCES)) return error;
    const { nobody = `start one, or check that "${name}" is the name it registers under` } =
      this.#registry.advice ?? {};
    const message = `${errors.from(error).message}: ${nobody}`;
    return DiscoveryErrors.NO_INSTANCES(message, { metadata: { target: name } });
  }
}
