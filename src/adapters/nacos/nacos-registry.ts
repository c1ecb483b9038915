import { type Context, sleep } from '../../concurrency/index.ts';
import {
  checkName,
  DiscoveryErrors,
  type Instance,
  type Lease,
  type Listing,
  type ListSource,
  type Lists,
  type RegisterTry,
  type Registry,
  type RegistryBackend,
  type RemoteRegistryOptions,
  remoteRegistry,
} from '../../discovery/index.ts';
import { from, StatusError } from '../../errors/index.ts';
import type { HttpClientTls } from '../../net/http/index.ts';
import { NacosClient, type Params, record } from './nacos-client.ts';
import { addressOf, farewellOf, listingOf, metadataOf } from './nacos-wire.ts';

export interface NacosRegistryOptions extends RemoteRegistryOptions {
  /** The servers: `['http://127.0.0.1:8848']`. Any of them is enough; the others are tried when it is away. */
  readonly urls: readonly string[];
  /** The namespace's id. Default: `public`. */
  readonly namespace?: string;
  /** Default: `DEFAULT_GROUP`. */
  readonly group?: string;
  /** Where authentication is on. Default: none. */
  readonly username?: string;
  readonly password?: string;
  /** An instance that has not renewed for so long is unhealthy, and not listed. Default: 15,000. */
  readonly ttlMs?: number;
  /** How often lists are asked for, give or take a tenth. Default: 2,000. */
  readonly pollMs?: number;
  /** Wall clock in milliseconds, which tells the later of two registrations of one id. Default: Date.now. */
  readonly now?: () => number;
  /** For https. Default: the platform's certificate authorities, no client certificate. */
  readonly tls?: HttpClientTls;
}

/**
 * A registry in Nacos. While it is away, or has lost its instances in a restart, the last lists stay in use. Throws a
 * TypeError or RangeError for an option that is none.
 */
export function nacosRegistry(options: NacosRegistryOptions): Registry {
  return remoteRegistry(new NacosBackend(options), options);
}

const paths = {
  instance: '/nacos/v2/ns/instance',
  list: '/nacos/v2/ns/instance/list',
  beat: '/nacos/v2/ns/instance/beat',
  services: '/nacos/v2/ns/service/list',
} as const;
/** The code of a beat for an instance that is not known (any more). */
const unknownInstance = 20404;
const servicesPerPage = 500;

class NacosBackend implements RegistryBackend {
  readonly name: string;
  readonly #client: NacosClient;
  readonly #where: { readonly namespaceId: string; readonly groupName: string };
  readonly #ttlMs: number;
  readonly #pollMs: number;
  readonly #random: () => number;
  readonly #now: () => number;

  constructor(options: NacosRegistryOptions) {
    const { urls, namespace = 'public', group = 'DEFAULT_GROUP', username, password, tls } = options;
    const { ttlMs = 15_000, pollMs = 2_000, random = Math.random, now = Date.now } = options;
    if (!(ttlMs >= 300)) throw new RangeError(`nacosRegistry: ttlMs ${ttlMs} is not a number from 300`);
    if (!(pollMs > 0)) throw new RangeError(`nacosRegistry: pollMs ${pollMs} is not a number above 0`);
    this.#client = new NacosClient({ urls, username, password, tls, random });
    this.name = this.#client.name;
    this.#where = { namespaceId: namespace, groupName: group };
    this.#ttlMs = ttlMs;
    this.#pollMs = pollMs;
    this.#random = random;
    this.#now = now;
  }

  async register(ctx: Context, instance: Instance, { token }: RegisterTry): Promise<Lease> {
    const address = addressOf(instance);
    const slowestMs = this.#ttlMs / 3;
    const where: Params = { ...this.#where, serviceName: instance.service, ...address, ephemeral: true };
    const beats = { token, heartbeatMs: slowestMs, ttlMs: this.#ttlMs, since: this.#now() };
    const metadata = metadataOf(instance, beats);
    const said = await this.#client.call(ctx, 'POST', paths.instance, { ...where, weight: instance.weight, metadata });
    if (said !== 'ok') throw notNacos(paths.instance);
    let heartbeatMs = slowestMs;
    return {
      /** As nacos last asked for: that of the metadata, unless an operator changed it. Within what the TTL allows. */
      get heartbeatMs() {
        return heartbeatMs;
      },
      renew: async (renewing) => {
        const askedMs = await this.#beat(renewing, instance.service, { ...address });
        heartbeatMs = askedMs > 0 ? Math.min(slowestMs, Math.max(askedMs, this.#ttlMs / 100)) : slowestMs;
      },
      release: async (releasing) => {
        if (!(await this.#isOurs(releasing, where, token))) return;
        // Not deleted: those who poll would miss the good-bye. Without beats nacos deletes it by itself.
        const farewell = { weight: 0, healthy: false, metadata: farewellOf(instance, beats) };
        await this.#client.call(releasing, 'POST', paths.instance, { ...where, ...farewell });
      },
    };
  }

  source(service: string | undefined): ListSource {
    return { read: (ctx) => this.#polled(ctx, service) };
  }

  close(ctx: Context): Promise<void> {
    return this.#client.close(ctx);
  }

  async *#polled(ctx: Context, service: string | undefined): AsyncGenerator<Lists> {
    for (;;) {
      const services =
        service === undefined ? await this.#everything(ctx) : new Map([[service, await this.#listOf(ctx, service)]]);
      yield { services, isWhole: true, isCertain: false };
      await sleep(ctx, this.#pollMs * (0.9 + this.#random() / 5));
    }
  }

  /** How often nacos asks for beats. The name of the service bears the group here, as nowhere else in this version. */
  async #beat(ctx: Context, service: string, address: Params): Promise<number> {
    const { namespaceId, groupName } = this.#where;
    const params = { namespaceId, serviceName: `${groupName}@@${service}`, ...address };
    const answer = record(await this.#client.call(ctx, 'PUT', paths.beat, params));
    if (answer.code === unknownInstance)
      throw DiscoveryErrors.NOT_REGISTERED(`nacos does not know ${service} any more`);
    if (!('clientBeatInterval' in answer)) throw notNacos(paths.beat);
    return Number(answer.clientBeatInterval);
  }

  /** Another process may have registered the same address meanwhile. */
  async #isOurs(ctx: Context, where: Params, token: string): Promise<boolean> {
    const { ip, port, serviceName, namespaceId, groupName } = where;
    const at = { serviceName, namespaceId, groupName, ip, port } as Params;
    const data = await this.#client.call(ctx, 'GET', paths.instance, at).catch(isGone);
    return record(record(data).metadata)['flotilla-token'] === token;
  }

  async #listOf(ctx: Context, service: string): Promise<Listing> {
    const params = { ...this.#where, serviceName: service, healthyOnly: false };
    // A service that nobody has registered in yet is an error, or an empty list, by version.
    const data = (await this.#client.call(ctx, 'GET', paths.list, params).catch(isGone)) ?? { hosts: [] };
    const listing = listingOf(service, data);
    if (listing === undefined) throw notNacos(paths.list);
    return listing;
  }

  async #everything(ctx: Context): Promise<ReadonlyMap<string, Listing>> {
    const found = new Map<string, Listing>();
    for (let pageNo = 1; ; pageNo++) {
      const page = { ...this.#where, pageNo, pageSize: servicesPerPage };
      const { services } = record(await this.#client.call(ctx, 'GET', paths.services, page));
      if (!Array.isArray(services)) throw notNacos(paths.services);
      for (const service of services.filter(isName)) found.set(service, await this.#listOf(ctx, service));
      if (services.length < servicesPerPage) return found;
    }
  }
}

function isName(name: unknown): name is string {
  try {
    return checkName('service', name) === name;
  } catch {
    return false;
  }
}

function isGone(error: unknown): undefined {
  if (from(error).code !== 'not_found') throw error;
}

function notNacos(path: string): StatusError {
  return new StatusError('data_loss', `nacos: the answer to ${path} is none of nacos'`, { reason: 'NACOS_REFUSED' });
}
