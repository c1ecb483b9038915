import { type Context, sleep } from '../concurrency/index.ts';
import { checkName } from './instance.ts';
import { ListCache } from './list-cache.ts';
import type { Instance, Registration, Registry, Snapshot } from './registry.ts';

export interface CachedRegistryOptions {
  /** Where the lists are kept, one file for each service; made when needed. Processes may share it. */
  readonly dir: string;
  /** Which registry this is, without secrets: its URL. Lists that were kept of another one are not used. Default: empty. */
  readonly source?: string;
  /** How long the first list may take before the kept one is used. Default: 1,000. */
  readonly waitMs?: number;
  /**
   * A list that nobody has watched for so long is not used: its addresses may be somebody else's by now. Lists that are
   * watched are written again each tenth of it. Default: 86,400,000, a day.
   */
  readonly maxAgeMs?: number;
  /** How many services are kept; for more nothing is written. Default: 1,000. */
  readonly maxServices?: number;
  /** The least time between two writings of one list. Default: 1,000. */
  readonly writeMs?: number;
  /** Wall clock in milliseconds, by which lists age. Default: Date.now. */
  readonly now?: () => number;
}

/**
 * A registry whose lists outlive the process: a watcher that starts while `registry` is away begins with the list that was
 * kept on the disk, and goes on with the first one that comes. Empty lists are not written, so a kept one is never lost to
 * them. A file that cannot be read is ignored and named in the log. Everything else is `registry`'s own; closing this closes it.
 */
export function cachedRegistry(registry: Registry, options: CachedRegistryOptions): Registry {
  return new CachedRegistry(registry, options);
}

const late = Symbol('late');

class CachedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #cache: ListCache;
  readonly #waitMs: number;

  constructor(registry: Registry, options: CachedRegistryOptions) {
    const {
      dir,
      source = '',
      waitMs = 1_000,
      maxAgeMs = 86_400_000,
      maxServices = 1_000,
      writeMs = 1_000,
      now = Date.now,
    } = options;
    this.#registry = registry;
    this.#waitMs = waitMs;
    this.#cache = new ListCache({ dir, source, maxAgeMs, maxServices, writeMs, now });
  }

  register(ctx: Context, instance: Instance): Promise<Registration> {
    return this.#registry.register(ctx, instance);
  }

  async *watch(ctx: Context, service: string): AsyncIterable<Snapshot> {
    checkName('service', service);
    // Ended before its iterator: that waits for the read that is under way.
    using watching = ctx.withCancel();
    using held = this.#cache.hold(ctx);
    const lists = this.#registry.watch(watching, service)[Symbol.asyncIterator]();
    try {
      let next = lists.next();
      if ((await this.#isLate(ctx, next)) && ctx.err() === undefined) {
        const kept = await this.#cache.read(ctx, service);
        if (kept !== undefined) yield { service, revision: 0, instances: kept };
      }
      for (;;) {
        const { done, value } = await next;
        if (done === true) return;
        held.take(value);
        // After the kept one, which has 0.
        yield { ...value, revision: value.revision + 1 };
        next = lists.next();
      }
    } finally {
      watching.cancel();
      await lists.return?.();
    }
  }

  watchAll(ctx: Context): AsyncIterable<readonly Snapshot[]> {
    return this.#registry.watchAll(ctx);
  }

  async close(): Promise<void> {
    await this.#registry.close();
    await this.#cache.close();
  }

  async #isLate(ctx: Context, next: Promise<unknown>): Promise<boolean> {
    using waiting = ctx.withCancel();
    const patience = sleep(waiting, this.#waitMs).then(
      () => late,
      () => undefined,
    );
    return (await Promise.race([next, patience])) === late;
  }
}
