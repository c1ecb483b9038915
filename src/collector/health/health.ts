import { all, type Context, type Group, go, group, type OwnedTask, tick } from '../../concurrency/index.ts';
import type { Instance, Registry, Snapshot } from '../../discovery/index.ts';

export type InstanceState = 'ready' | 'unready' | 'gone';

/** An instance as the registry named it and the last probe found it. */
export interface InstanceHealth {
  readonly instance: Instance;
  readonly state: InstanceState;
  /** When a probe was last answered, or it was last in the registry. Epoch milliseconds. */
  readonly lastSeenMs: number;
}

/** Whether the fleet's instances answer. */
export interface Health {
  list(): readonly InstanceHealth[];
  /** Resolves when what ran has ended. */
  stop(): Promise<void>;
}

export interface HealthOptions {
  readonly registry: Registry;
  /** Asks an instance; `ready` or not. Must end when `ctx` does. */
  readonly probe: (ctx: Context, instance: Instance) => Promise<boolean>;
  /** How often a round of probes begins, in milliseconds; one that takes longer delays the next. Default: 2000. */
  readonly intervalMs?: number;
  /** A probe without an answer in so long means unready. Default: 1500. */
  readonly probeTimeoutMs?: number;
  /** How long an instance is shown after it left the registry. Default: a minute. */
  readonly goneMs?: number;
}

const maxProbes = 16;
/** So many are watched; the rest are not shown. */
export const maxInstances = 1000;

interface Known {
  instance: Instance;
  state: InstanceState;
  lastSeenMs: number;
  /** On the clock's scale; undefined while it is registered. */
  goneAt: number | undefined;
}

/** Nobody's health: without a registry. */
export const noHealth: Health = { list: () => [], stop: async () => {} };

/** Watches the registry and probes each instance at an interval, until `ctx` ends or it is stopped. */
export function watchHealth(ctx: Context, options: HealthOptions): Health {
  return new Watcher(ctx, options);
}

class Watcher implements Health {
  readonly #options: HealthOptions;
  readonly #known = new Map<string, Known>();
  readonly #watching: OwnedTask<void>;

  constructor(ctx: Context, options: HealthOptions) {
    this.#options = options;
    this.#watching = go(ctx, (own) => this.#watch(own));
  }

  list(): readonly InstanceHealth[] {
    return [...this.#known.values()].map(({ instance, state, lastSeenMs }) => ({ instance, state, lastSeenMs }));
  }

  async stop(): Promise<void> {
    await this.#watching.stop();
  }

  async #watch(ctx: Context): Promise<void> {
    const g = group(ctx);
    g.go((own) => this.#follow(own, g));
    g.go((own) => this.#rounds(own));
    await g.wait();
  }

  async #follow(ctx: Context, probes: Group): Promise<void> {
    for await (const snapshots of this.#options.registry.watchAll(ctx)) this.#update(snapshots, probes);
  }

  #update(snapshots: readonly Snapshot[], probes: Group): void {
    const present = new Set<string>();
    for (const instance of snapshots.flatMap((snapshot) => snapshot.instances).slice(0, maxInstances)) {
      const key = `${instance.service}\u0000${instance.id}`;
      present.add(key);
      const known = this.#known.get(key);
      if (known === undefined || known.goneAt !== undefined) {
        // Registered is as good as ready until the first probe says otherwise: who registers has started.
        const made: Known = { instance, state: 'ready', lastSeenMs: Date.now(), goneAt: undefined };
        this.#known.set(key, made);
        probes.go((own) => this.#probe(own, made));
      } else {
        known.instance = instance;
      }
    }
    for (const [key, known] of this.#known) {
      if (present.has(key) || known.goneAt !== undefined) continue;
      known.state = 'gone';
      known.goneAt = probes.ctx.clock.now();
      known.lastSeenMs = Date.now();
    }
  }

  async #rounds(ctx: Context): Promise<void> {
    const { intervalMs = 2000, goneMs = 60_000 } = this.#options;
    for await (const now of tick(ctx, intervalMs)) {
      for (const [key, { goneAt }] of this.#known) {
        if (goneAt !== undefined && now - goneAt >= goneMs) this.#known.delete(key);
      }
      const present = [...this.#known.values()].filter(({ goneAt }) => goneAt === undefined);
      const probes = present.map((known) => (own: Context) => this.#probe(own, known));
      await all(ctx, probes, { limit: maxProbes });
    }
  }

  async #probe(ctx: Context, known: Known): Promise<void> {
    const { probe, probeTimeoutMs = 1500 } = this.#options;
    using limit = ctx.withTimeout(probeTimeoutMs);
    let state: InstanceState = 'unready';
    try {
      if (await probe(limit, known.instance)) state = 'ready';
      known.lastSeenMs = Date.now();
    } catch {
      // Nobody answered: unready, and last seen when somebody did.
    }
    if (known.goneAt === undefined) known.state = state;
  }
}
