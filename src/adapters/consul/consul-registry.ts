import { background, type Context } from '../../concurrency/index.ts';
import {
  DiscoveryErrors,
  type Instance,
  type Lease,
  type ListSource,
  type RegisterTry,
  type Registry,
  type RegistryBackend,
  type RemoteRegistryOptions,
  remoteRegistry,
} from '../../discovery/index.ts';
import { from, type StatusError } from '../../errors/index.ts';
import type { HttpClientTls } from '../../net/http/index.ts';
import { ConsulClient } from './consul-client.ts';
import { ConsulLists, type ConsulListsOptions } from './consul-lists.ts';
import { checkId, definitionOf, farewellOf, serviceId, tokenOf } from './consul-wire.ts';
import { Leavers } from './leavers.ts';

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
  /**
   * How long who has left is still listed as having left, so that watchers see it, up to 60,000; shorter where the registry is
   * closed before. Default: 5,000.
   */
  readonly farewellMs?: number;
  /** For https. Default: the platform's certificate authorities, no client certificate. */
  readonly tls?: HttpClientTls;
}

/** A registry in Consul, through its agent. While the agent is away the last lists stay in use. Throws a TypeError for a bad URL. */
export function consulRegistry(options: ConsulRegistryOptions = {}): Registry {
  return remoteRegistry(new ConsulBackend(options), options);
}

const renewalsPerLook = 4;
const registerPath = '/v1/agent/service/register?replace-existing-checks=true';

class ConsulBackend implements RegistryBackend {
  readonly name: string;
  readonly #client: ConsulClient;
  readonly #ttlMs: number;
  readonly #reading: ConsulListsOptions;
  readonly #leavers: Leavers;

  constructor(options: ConsulRegistryOptions) {
    const { url = 'http://127.0.0.1:8500', token, datacenter, ttlMs = 15_000, waitMs = 55_000, tls } = options;
    const { farewellMs = 5_000, ctx = background() } = options;
    if (!(ttlMs >= 1_000)) throw new RangeError(`consulRegistry: ttlMs ${ttlMs} is not a number from 1,000`);
    if (!(waitMs > 0 && waitMs <= 600_000))
      throw new RangeError(`consulRegistry: waitMs ${waitMs} is not a number above 0 and up to 600,000`);
    if (!(farewellMs >= 0 && farewellMs <= 60_000))
      throw new RangeError(`consulRegistry: farewellMs ${farewellMs} is not a number from 0 to 60,000`);
    this.#client = new ConsulClient({ url, token, tls });
    this.name = `consul at ${this.#client.url}`;
    this.#ttlMs = ttlMs;
    this.#reading = { client: this.#client, waitMs, datacenter };
    this.#leavers = new Leavers(ctx, farewellMs);
  }

  async register(ctx: Context, instance: Instance, { token, isAgain }: RegisterTry): Promise<Lease> {
    if (isAgain && (await this.#isForeign(ctx, instance, token))) throw replaced(instance);
    await this.#client.put(ctx, registerPath, definitionOf(instance, token, this.#ttlMs));
    // One that was critical under this id, and not taken out yet, would stay so until the first heartbeat.
    await this.#client.put(ctx, passPath(instance)).catch(isGone);
    let renewals = 0;
    return {
      heartbeatMs: this.#ttlMs / 3,
      renew: async (renewing) => {
        // The check bears the id alone: whoever else registered it would be kept alive by us.
        if (++renewals % renewalsPerLook === 0 && (await this.#isForeign(renewing, instance, token)))
          throw replaced(instance);
        await this.#client.put(renewing, passPath(instance)).catch(forgotten);
      },
      release: (releasing) => this.#leave(releasing, instance, token),
    };
  }

  /** Says good-bye, and is taken out later. */
  async #leave(ctx: Context, instance: Instance, token: string): Promise<void> {
    if (await this.#isForeign(ctx, instance, token)) return;
    await this.#client.put(ctx, registerPath, farewellOf(instance, token, this.#ttlMs));
    // For others, who do not know our word for it: a check that is known keeps its status when it is registered again.
    await this.#client.put(ctx, `/v1/agent/check/fail/${encodeURIComponent(checkId(instance))}`).catch(isGone);
    this.#leavers.add(serviceId(instance), async (taking) => {
      // Somebody may have taken its place meanwhile.
      if (await this.#isForeign(taking, instance, token)) return;
      const path = `/v1/agent/service/deregister/${encodeURIComponent(serviceId(instance))}`;
      await this.#client.put(taking, path).catch(isGone);
    });
  }

  source(service: string | undefined): ListSource {
    return new ConsulLists(this.#reading, service);
  }

  async close(ctx: Context): Promise<void> {
    await this.#leavers.close(ctx);
    await this.#client.close(ctx);
  }

  async #isForeign(ctx: Context, instance: Instance, token: string): Promise<boolean> {
    const path = `/v1/agent/service/${encodeURIComponent(serviceId(instance))}`;
    const answer = await this.#client.get(ctx, path).catch(isGone);
    return answer !== undefined && tokenOf(answer.json()) !== token;
  }
}

function passPath(instance: Instance): string {
  return `/v1/agent/check/pass/${encodeURIComponent(checkId(instance))}`;
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
