import { type Context, sleep } from '../../concurrency/index.ts';
import {
  checkName,
  DiscoveryErrors,
  type Instance,
  type Lease,
  type Listing,
  type ListSource,
  type Lists,
  listOf,
  type RegisterTry,
  type Registry,
  type RegistryBackend,
  type RemoteRegistryOptions,
  remoteRegistry,
} from '../../discovery/index.ts';
import { from, StatusError } from '../../errors/index.ts';
import type { HttpClientTls, HttpResponse } from '../../net/http/index.ts';
import { ConsulClient } from './consul-client.ts';
import { checkId, definitionOf, farewellOf, listingOf, record, serviceId, tokenOf } from './consul-wire.ts';

export interface ConsulRegistryOptions extends RemoteRegistryOptions {
  /** The agent on this machine. Default: `http://127.0.0.1:8500`. */
  readonly url?: string;
  /** An ACL token that may write the service and read all that are watched. Default: none. */
  readonly token?: string;
  /** Default: the agent's own. */
  readonly datacenter?: string;
  /** An instance that has not renewed for so long is critical, and not listed. Default: 15,000. */
  readonly ttlMs?: number;
  /** How long one blocking query waits for news, up to 600,000. Default: 55,000. */
  readonly waitMs?: number;
  /** For https. Default: the platform's certificate authorities, no client certificate. */
  readonly tls?: HttpClientTls;
}

/** A registry in Consul, through its agent. While the agent is away the last lists stay in use. Throws a TypeError for a bad URL. */
export function consulRegistry(options: ConsulRegistryOptions = {}): Registry {
  return remoteRegistry(new ConsulBackend(options), options);
}

/** However often lists change, they are not asked for sooner than this after an answer. */
const minPollMs = 50;
/** The same for the lists of all services, of which each is a query. */
const minPollAllMs = 500;
const renewalsPerLook = 4;
/** How long who leaves is listed as having left: long enough for watchers of its service to be woken and to ask. */
const farewellMs = 300;
const registerPath = '/v1/agent/service/register?replace-existing-checks=true';

class ConsulBackend implements RegistryBackend {
  readonly name: string;
  readonly #client: ConsulClient;
  readonly #ttlMs: number;
  readonly #waitMs: number;
  readonly #suffix: string;

  constructor(options: ConsulRegistryOptions) {
    const { url = 'http://127.0.0.1:8500', token, datacenter, ttlMs = 15_000, waitMs = 55_000, tls } = options;
    if (!(ttlMs >= 1_000)) throw new RangeError(`consulRegistry: ttlMs ${ttlMs} is not a number from 1,000`);
    if (!(waitMs > 0 && waitMs <= 600_000))
      throw new RangeError(`consulRegistry: waitMs ${waitMs} is not a number above 0 and up to 600,000`);
    this.#client = new ConsulClient({ url, token, tls });
    this.name = `consul at ${this.#client.url}`;
    this.#ttlMs = ttlMs;
    this.#waitMs = waitMs;
    this.#suffix = datacenter === undefined ? '' : `&dc=${encodeURIComponent(datacenter)}`;
  }

  async register(ctx: Context, instance: Instance, { token, isAgain }: RegisterTry): Promise<Lease> {
    if (isAgain && (await this.#isForeign(ctx, instance, token))) throw replaced(instance);
    await this.#client.put(ctx, registerPath, definitionOf(instance, token, this.#ttlMs));
    let renewals = 0;
    return {
      heartbeatMs: this.#ttlMs / 3,
      renew: async (renewing) => {
        // The check bears the id alone: whoever else registered it would be kept alive by us.
        if (++renewals % renewalsPerLook === 0 && (await this.#isForeign(renewing, instance, token)))
          throw replaced(instance);
        await this.#client
          .put(renewing, `/v1/agent/check/pass/${encodeURIComponent(checkId(instance))}`)
          .catch(forgotten);
      },
      release: (releasing) => this.#leave(releasing, instance, token),
    };
  }

  /** Says good-bye first. One that has no time for more is forgotten by consul after a minute. */
  async #leave(ctx: Context, instance: Instance, token: string): Promise<void> {
    if (await this.#isForeign(ctx, instance, token)) return;
    await this.#client.put(ctx, registerPath, farewellOf(instance, token, this.#ttlMs));
    const hasTime = await sleep(ctx, farewellMs).then(
      () => true,
      () => false,
    );
    // Somebody may have taken its place meanwhile.
    if (!hasTime || (await this.#isForeign(ctx, instance, token))) return;
    await this.#client
      .put(ctx, `/v1/agent/service/deregister/${encodeURIComponent(serviceId(instance))}`)
      .catch(isGone);
  }

  source(service: string | undefined): ListSource {
    return { read: (ctx) => (service === undefined ? this.#readAll(ctx) : this.#readOne(ctx, service)) };
  }

  close(ctx: Context): Promise<void> {
    return this.#client.close(ctx);
  }

  async #isForeign(ctx: Context, instance: Instance, token: string): Promise<boolean> {
    const path = `/v1/agent/service/${encodeURIComponent(serviceId(instance))}`;
    const answer = await this.#client.get(ctx, path).catch(isGone);
    return answer !== undefined && tokenOf(answer.json()) !== token;
  }

  async *#readOne(ctx: Context, service: string): AsyncGenerator<Lists | undefined> {
    const path = `/v1/health/service/${encodeURIComponent(service)}`;
    for await (const answer of this.#changes(ctx, path, minPollMs)) {
      if (answer === undefined) {
        yield undefined;
        continue;
      }
      const { instances, left } = listing(answer);
      yield listOf(service, instances, false, left);
    }
  }

  /** Any change of any check is the occasion to read all services anew. */
  async *#readAll(ctx: Context): AsyncGenerator<Lists | undefined> {
    for await (const answer of this.#changes(ctx, '/v1/health/state/any', minPollAllMs)) {
      if (answer === undefined) {
        yield undefined;
        continue;
      }
      const names = record((await this.#client.get(ctx, `/v1/catalog/services?${this.#suffix}`)).json());
      const services = new Map<string, Listing>();
      for (const name of Object.keys(names).filter((known) => known !== 'consul' && isName(known))) {
        const path = `/v1/health/service/${encodeURIComponent(name)}?${this.#suffix}`;
        services.set(name, listing(await this.#client.get(ctx, path)));
      }
      yield { services, isWhole: true, isCertain: false };
    }
  }

  /** The answers of a blocking query that differ; undefined where it waited for nothing. */
  async *#changes(ctx: Context, path: string, pauseMs: number): AsyncGenerator<HttpResponse | undefined> {
    let index = 0;
    for (;;) {
      const waitMs = index === 0 ? 0 : this.#waitMs;
      const answer = await this.#client.get(ctx, `${path}?index=${index}&wait=${waitMs}ms${this.#suffix}`, waitMs);
      const next = Number(answer.header('x-consul-index'));
      if (!Number.isSafeInteger(next)) throw noIndex(path);
      // Servers restored, or the catalog rebuilt: begin again, and doubt what is missing.
      if (next < index) throw indexFell(index, next);
      const isNews = index === 0 || next !== index;
      // One of 0 would not wait.
      index = Math.max(next, 1);
      yield isNews ? answer : undefined;
      await sleep(ctx, pauseMs);
    }
  }
}

function listing(answer: HttpResponse): Listing {
  const known = listingOf(answer.json());
  if (known === undefined) throw noIndex('/v1/health/service');
  return known;
}

function isName(name: string): boolean {
  try {
    return checkName('service', name) === name;
  } catch {
    return false;
  }
}

function isGone(error: unknown): undefined {
  if (from(error).code !== 'not_found') throw error;
}

function forgotten(error: unknown): never {
  if (from(error).code !== 'not_found') throw error;
  throw DiscoveryErrors.NOT_REGISTERED('the consul agent does not know the check any more', { cause: error });
}

function replaced({ service, id }: Instance): StatusError {
  return DiscoveryErrors.INSTANCE_REPLACED(
    `${service}/${id} was registered again by another process; give each its own id`,
  );
}

function indexFell(from: number, to: number): StatusError {
  return new StatusError('aborted', `consul: its index fell from ${from} to ${to}`, { reason: 'CONSUL_REFUSED' });
}

function noIndex(path: string): StatusError {
  return new StatusError('data_loss', `consul: the answer to ${path} is none of consul's`, {
    reason: 'CONSUL_REFUSED',
  });
}
