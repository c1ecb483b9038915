import { type Context, sleep } from '../../concurrency/index.ts';
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
  stop(): void;
}

export interface HealthOptions {
  readonly registry: Registry;
  /** Asks an instance; `ready` or not. Must end when `ctx` does. */
  readonly probe: (ctx: Context, instance: Instance) => Promise<boolean>;
  /** Milliseconds between two rounds. Default: 2000. */
  readonly intervalMs?: number;
  /** A probe without an answer in so long means unready. Default: 1500. */
  readonly probeTimeoutMs?: number;
  /** How long an instance is shown after it left the registry. Default: a minute. */
  readonly goneMs?: number;
}

const maxProbes = 16;
const maxInstances = 1000;

interface Known {
  instance: Instance;
  state: InstanceState;
  lastSeenMs: number;
  /** On the clock's scale; undefined while it is registered. */
  goneAt: number | undefined;
}

/** Nobody's health: without a registry. */
export const noHealth: Health = { list: () => [], stop: () => {} };

/** Watches the registry and probes each instance at an interval, until `ctx` ends or it is stopped. */
export function watchHealth(ctx: Context, options: HealthOptions): Health {
  return new Watcher(ctx, options);
}

class Watcher implements Health {
  readonly #ctx: ReturnType<Context['withCancel']>;
  readonly #options: HealthOptions;
  readonly #known = new Map<string, Known>();

  constructor(ctx: Context, options: HealthOptions) {
    this.#ctx = ctx.withCancel();
    this.#options = options;
    void this.#follow();
    void this.#rounds();
  }

  list(): readonly InstanceHealth[] {
    return [...this.#known.values()].map(({ instance, state, lastSeenMs }) => ({ instance, state, lastSeenMs }));
  }

  stop(): void {
    this.#ctx.cancel();
  }

  async #follow(): Promise<void> {
    for await (const snapshots of this.#options.registry.watchAll(this.#ctx)) this.#update(snapshots);
  }

  #update(snapshots: readonly Snapshot[]): void {
    const present = new Set<string>();
    for (const instance of snapshots.flatMap((snapshot) => snapshot.instances).slice(0, maxInstances)) {
      const key = `${instance.service}\u0000${instance.id}`;
      present.add(key);
      const known = this.#known.get(key);
      if (known === undefined || known.goneAt !== undefined) {
        // Registered is as good as ready until the first probe says otherwise: who registers has started.
        const made: Known = { instance, state: 'ready', lastSeenMs: Date.now(), goneAt: undefined };
        this.#known.set(key, made);
        void this.#probe(made);
      } else {
        known.instance = instance;
      }
    }
    for (const [key, known] of this.#known) {
      if (present.has(key) || known.goneAt !== undefined) continue;
      known.state = 'gone';
      known.goneAt = this.#ctx.clock.now();
      known.lastSeenMs = Date.now();
    }
  }

  async #rounds(): Promise<void> {
    const { intervalMs = 2000, goneMs = 60_000 } = this.#options;
    for (;;) {
      try {
        await sleep(this.#ctx, intervalMs);
      } catch {
        return;
      }
      const now = this.#ctx.clock.now();
      for (const [key, { goneAt }] of this.#known) {
        if (goneAt !== undefined && now - goneAt >= goneMs) this.#known.delete(key);
      }
      await this.#probeAll([...this.#known.values()].filter(({ goneAt }) => goneAt === undefined));
    }
  }

  async #probeAll(all: readonly Known[]): Promise<void> {
    const queue = all.values();
    const work = async () => {
      for (const known of queue) await this.#probe(known);
    };
    await Promise.all(Array.from({ length: Math.min(maxProbes, all.length) }, work));
  }

  async #probe(known: Known): Promise<void> {
    const { probe, probeTimeoutMs = 1500 } = this.#options;
    using limit = this.#ctx.withTimeout(probeTimeoutMs);
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
