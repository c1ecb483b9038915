import type { Context } from '../concurrency/index.ts';
import type { BackoffOptions } from './backoff.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { LastGoodList } from './last-good-list.ts';
import type { Instance, Registry } from './registry.ts';
import {
  type Lease,
  type ListSource,
  type Lists,
  listOf,
  type RegisterTry,
  type RegistryBackend,
} from './registry-backend.ts';
import { RegistryClient } from './registry-client.ts';
import { remoteRegistry } from './remote-registry.ts';

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
export function httpRegistry({ url, waitMs = 25_000, ...options }: HttpRegistryOptions): Registry {
  return remoteRegistry(new HttpBackend(url, waitMs), options);
}

/** A poll that answers without news sooner than this did not wait: the next one does. */
const minPollMs = 50;

class HttpBackend implements RegistryBackend {
  readonly name: string;
  readonly #client: RegistryClient;
  readonly #waitMs: number;

  constructor(url: string, waitMs: number) {
    this.#client = new RegistryClient(url);
    this.name = `the registry at ${this.#client.url}`;
    this.#waitMs = waitMs;
  }

  async register(ctx: Context, instance: Instance, { token }: RegisterTry): Promise<Lease> {
    const { heartbeatMs } = await this.#client.register(ctx, instance, token);
    return {
      heartbeatMs,
      renew: (renewing) => this.#client.renew(renewing, instance, token),
      release: (releasing) => this.#client.deregister(releasing, instance, token),
    };
  }

  source(service: string | undefined): ListSource {
    return service === undefined ? this.#allLists() : this.#oneList(service);
  }

  close(ctx: Context): Promise<void> {
    return this.#client.close(ctx);
  }

  #oneList(service: string): ListSource {
    const list = new LastGoodList();
    let known = new Map<string, Instance>();
    const poll = (ctx: Context, cursor: string) => this.#client.poll(ctx, service, cursor, this.#waitMs, known);
    return this.#polled(poll, (news) => {
      known = new Map(news.instances.map((instance) => [instance.id, instance]));
      return listOf(service, list.take(news), true);
    });
  }

  #allLists(): ListSource {
    const lists = new Map<string, LastGoodList>();
    const poll = (ctx: Context, cursor: string) => this.#client.pollAll(ctx, cursor, this.#waitMs);
    return this.#polled(poll, ({ services: named, ...head }) => {
      for (const service of Object.keys(named)) if (!lists.has(service)) lists.set(service, new LastGoodList());
      const services = new Map<string, { readonly instances: readonly Instance[] }>();
      for (const [service, list] of lists) {
        const instances = list.take({ ...head, instances: named[service] ?? [] });
        if (instances.length > 0) services.set(service, { instances });
        else lists.delete(service);
      }
      return { services, isWhole: true, isCertain: true };
    });
  }

  /** What has been seen holds over connections. */
  #polled<L extends { readonly cursor: string }>(
    poll: (ctx: Context, cursor: string) => Promise<L | undefined>,
    listsOf: (news: L) => Lists,
  ): ListSource {
    let cursor = '';
    return {
      async *read(ctx) {
        for (;;) {
          const started = ctx.clock.now();
          const news = await poll(ctx, cursor);
          if (news === undefined && ctx.clock.now() - started < minPollMs) throw doesNotWait();
          if (news !== undefined) cursor = news.cursor;
          yield news === undefined ? undefined : listsOf(news);
        }
      },
    };
  }
}

function doesNotWait(): Error {
  return DiscoveryErrors.REGISTRY_UNREACHABLE('the registry answers polls without news at once');
}
