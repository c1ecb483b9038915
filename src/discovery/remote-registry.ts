import { background, type CancelContext, type Context } from '../concurrency/index.ts';
import { telemetryOf, withTelemetry } from '../observe/index.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { FollowedLists } from './followed-lists.ts';
import { HeartbeatRegistration } from './heartbeats.ts';
import { checkInstance, checkName } from './instance.ts';
import type { Instance, Registration, Registry, Snapshot } from './registry.ts';
import type { RegistryBackend } from './registry-backend.ts';

export interface RemoteRegistryOptions {
  /** Between tries when the store is away. Default: from 100 ms to 5 s. */
  readonly backoff?: BackoffOptions;
  /** A number from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
  /**
   * How long instances stay in use that are missing from a list without having left, where they are more than 15 % of their
   * service (and more than one), or all of it, or the store was away before. A few go after a tenth of it, a second at most.
   * Default: 15,000.
   */
  readonly graceMs?: number;
  /** Where heartbeats and watches live; its clock counts. Default: `background()`. */
  readonly ctx?: Context;
}

/** How long `close` tries to take out what is still registered, or about to be. */
const farewellMs = 1_000;

/** A Registry on a store that may be away: for who writes an adapter. Owns the backend and closes it. */
export function remoteRegistry(backend: RegistryBackend, options: RemoteRegistryOptions = {}): Registry {
  return new RemoteRegistry(backend, options);
}

class RemoteRegistry implements Registry {
  readonly #backend: RegistryBackend;
  readonly #newBackoff: () => Backoff;
  readonly #random: () => number;
  readonly #graceMs: number;
  readonly #life: CancelContext;
  readonly #registrations = new Set<Registration>();

  constructor(backend: RegistryBackend, options: RemoteRegistryOptions) {
    const { backoff, random = Math.random, graceMs = 15_000, ctx = background() } = options;
    if (!(graceMs >= 0)) throw new RangeError(`registry: graceMs ${graceMs} is not a number of milliseconds from 0`);
    this.#backend = backend;
    this.#random = random;
    this.#newBackoff = () => new Backoff({ random, ...backoff });
    this.#graceMs = graceMs;
    this.#life = ctx.withCancel();
  }

  async register(ctx: Context, given: Instance): Promise<Registration> {
    if (this.#life.err() !== undefined) throw DiscoveryErrors.REGISTRY_CLOSED('register: the registry was closed');
    const registration = new HeartbeatRegistration({
      backend: this.#backend,
      instance: checkInstance(given),
      backoff: this.#newBackoff(),
      random: this.#random,
      life: this.#life.withoutCancel(),
    });
    this.#registrations.add(registration);
    try {
      await registration.open(ctx);
    } catch (error) {
      this.#registrations.delete(registration);
      throw error;
    }
    return {
      close: async (closing) => {
        this.#registrations.delete(registration);
        await registration.close(closing);
      },
    };
  }

  async *watch(ctx: Context, service: string): AsyncIterable<Snapshot> {
    checkName('service', service);
    yield* this.#follow(ctx, service, (lists) => lists.snapshot(service));
  }

  async *watchAll(ctx: Context): AsyncIterable<readonly Snapshot[]> {
    yield* this.#follow(ctx, undefined, (lists) => lists.all());
  }

  async close(): Promise<void> {
    this.#life.cancel(new Error('the registry was closed'));
    using ctx = background().withTimeout(farewellMs);
    await Promise.allSettled([...this.#registrations].map((registration) => registration.close(ctx)));
    await this.#backend.close(ctx);
  }

  /** The newest lists, for as long as `parent` and this live. Reading goes on while the reader is busy. */
  async *#follow<T>(
    parent: Context,
    service: string | undefined,
    view: (lists: FollowedLists) => T,
  ): AsyncGenerator<T, void, undefined> {
    if (this.#life.err() !== undefined || parent.err() !== undefined) return;
    // The reading is ours, not the caller's: of its Context it has telemetry alone, not the deadline or the fields.
    using ctx = withTelemetry(this.#life, telemetryOf(parent)).withCancel();
    const leave = parent.onDone(() => ctx.cancel(parent.cause()));
    const lists = new FollowedLists(ctx, {
      source: this.#backend.source(service),
      name: this.#backend.name,
      backoff: this.#newBackoff(),
      graceMs: this.#graceMs,
    });
    const reading = lists.run();
    try {
      let seen = 0;
      while (await lists.changes.after(ctx, seen)) {
        seen = lists.changes.count;
        yield view(lists);
      }
    } finally {
      leave();
      ctx.cancel();
      await reading;
    }
  }
}
