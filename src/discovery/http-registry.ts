import { background, type CancelContext, type Context, sleep } from '../concurrency/index.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { HttpRegistration } from './http-registration.ts';
import { checkInstance, checkName } from './instance.ts';
import { LastGoodList } from './last-good-list.ts';
import type { Instance, Registration, Registry, Snapshot } from './registry.ts';
import { RegistryClient } from './registry-client.ts';

export interface HttpRegistryOptions {
  /** Where `registryRoutes` are served: `http://127.0.0.1:8081`. */
  readonly url: string;
  /** How long one poll waits for news. Default: 25,000. */
  readonly waitMs?: number;
  /** Between tries when the registry is away. Default: from 100 ms to 5 s. */
  readonly backoff?: BackoffOptions;
  /** A number from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
  /** Where heartbeats and watches live; its clock counts. Default: `background()`. */
  readonly ctx?: Context;
}

/**
 * A registry in another process, over HTTP. Instances are renewed by heartbeats at the pace that the registry asks for,
 * and registered again when it has forgotten them. While it is away the last list stays in use and nothing fails; a
 * registry that has just started is not believed to be complete before it says so. Throws a TypeError for a bad URL.
 */
export function httpRegistry(options: HttpRegistryOptions): Registry {
  return new HttpRegistry(options);
}

/** How long `close` tries to take out what is still registered. */
const farewellMs = 1_000;
/** A poll that answers without news sooner than this did not wait: the next one does. */
const minPollMs = 50;

class HttpRegistry implements Registry {
  readonly #client: RegistryClient;
  readonly #waitMs: number;
  readonly #newBackoff: () => Backoff;
  readonly #random: () => number;
  readonly #life: CancelContext;
  readonly #registrations = new Set<Registration>();

  constructor({ url, waitMs = 25_000, backoff, random = Math.random, ctx = background() }: HttpRegistryOptions) {
    this.#client = new RegistryClient(url);
    this.#waitMs = waitMs;
    this.#random = random;
    this.#newBackoff = () => new Backoff({ random, ...backoff });
    this.#life = ctx.withCancel();
  }

  async register(ctx: Context, given: Instance): Promise<Registration> {
    if (this.#life.err() !== undefined) throw DiscoveryErrors.REGISTRY_CLOSED('register: the registry was closed');
    const instance = checkInstance(given);
    const registration = new HttpRegistration({
      client: this.#client,
      instance,
      backoff: this.#newBackoff(),
      random: this.#random,
      life: this.#life.withoutCancel(),
    });
    await registration.open(ctx);
    const handle: Registration = {
      close: async (closing) => {
        this.#registrations.delete(handle);
        await registration.close(closing);
      },
    };
    this.#registrations.add(handle);
    return handle;
  }

  async *watch(ctx: Context, service: string): AsyncIterable<Snapshot> {
    checkName('service', service);
    const list = new LastGoodList();
    let revision = 0;
    const poll = (waiting: Context, cursor: string) => this.#client.poll(waiting, service, cursor, this.#waitMs);
    for await (const news of this.#follow(ctx, poll)) {
      yield { service, revision: ++revision, instances: list.take(news) };
    }
  }

  async *watchAll(ctx: Context): AsyncIterable<readonly Snapshot[]> {
    const lists = new Map<string, LastGoodList>();
    let revision = 0;
    const poll = (waiting: Context, cursor: string) => this.#client.pollAll(waiting, cursor, this.#waitMs);
    for await (const { services, ...head } of this.#follow(ctx, poll)) {
      revision++;
      for (const service of Object.keys(services)) if (!lists.has(service)) lists.set(service, new LastGoodList());
      const snapshots = [...lists].map(([service, list]) => ({
        service,
        revision,
        instances: list.take({ ...head, instances: services[service] ?? [] }),
      }));
      for (const { service, instances } of snapshots) if (instances.length === 0) lists.delete(service);
      yield snapshots.filter(({ instances }) => instances.length > 0);
    }
  }

  async close(): Promise<void> {
    this.#life.cancel(new Error('the registry was closed'));
    using ctx = background().withTimeout(farewellMs);
    await Promise.allSettled([...this.#registrations].map((registration) => registration.close(ctx)));
    await this.#client.close(ctx);
  }

  /** Polls for ever; failures are waited out. Ends when `parent` or this does. */
  async *#follow<L extends { readonly cursor: string }>(
    parent: Context,
    poll: (ctx: Context, cursor: string) => Promise<L | undefined>,
  ): AsyncIterable<L> {
    // The poll is ours, not the caller's: it carries neither its deadline's telemetry nor its fields.
    using ctx = this.#life.withCancel();
    const leave = parent.onDone(() => ctx.cancel(parent.cause()));
    const backoff = this.#newBackoff();
    let cursor = '';
    try {
      while (parent.err() === undefined && ctx.err() === undefined) {
        const started = ctx.clock.now();
        const news = await poll(ctx, cursor).catch(() => 'failed' as const);
        if (ctx.err() !== undefined) return;
        if (news === 'failed' || (news === undefined && ctx.clock.now() - started < minPollMs)) {
          await sleep(ctx, backoff.nextMs()).catch(() => {});
          continue;
        }
        backoff.reset();
        if (news === undefined) continue;
        cursor = news.cursor;
        yield news;
      }
    } finally {
      leave();
    }
  }
}
