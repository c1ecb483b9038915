import type { Context } from '../../concurrency/index.ts';
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
import type { HttpClientTls } from '../../net/http/index.ts';
import { type EtcdAuth, EtcdClient } from './etcd-client.ts';
import { EtcdLease } from './etcd-lease.ts';
import { EtcdLists } from './etcd-lists.ts';
import { parseKeyValues, rangeOf, record, text } from './etcd-wire.ts';

export type { EtcdAuth } from './etcd-client.ts';

export interface EtcdRegistryOptions extends RemoteRegistryOptions {
  /** The members' client URLs: `['http://127.0.0.1:2379']`. Any of them is enough; the others are tried when it is away. */
  readonly endpoints: readonly string[];
  /** What the keys of all services begin with, without a slash at the end. Default: `/flotilla/registry`. */
  readonly prefix?: string;
  /** An instance that has not renewed its lease for so long is gone; whole seconds, at least 2. Default: 15,000. */
  readonly ttlMs?: number;
  /** Default: none. */
  readonly auth?: EtcdAuth;
  /** For https. Default: the platform's certificate authorities, no client certificate. */
  readonly tls?: HttpClientTls;
  /** A watch without news for about so long is made anew, with a new list: its connection may be dead. Default: 60,000. */
  readonly refreshMs?: number;
}

/**
 * A registry in etcd. Watches hold a connection for each service that is watched. While etcd is away the last lists stay
 * in use; instances that it has lost register again with their next heartbeat, and are kept in the lists until then.
 * Throws a TypeError or RangeError for an option that is none.
 */
export function etcdRegistry(options: EtcdRegistryOptions): Registry {
  return remoteRegistry(new EtcdBackend(options), options);
}

class EtcdBackend implements RegistryBackend {
  readonly name: string;
  readonly #client: EtcdClient;
  readonly #prefix: string;
  readonly #ttlSeconds: number;
  readonly #refreshMs: number;
  readonly #random: () => number;

  constructor(options: EtcdRegistryOptions) {
    const { endpoints, prefix = '/flotilla/registry', ttlMs = 15_000, auth, tls, refreshMs = 60_000 } = options;
    const { random = Math.random } = options;
    if (!(ttlMs >= 2_000)) throw new RangeError(`etcdRegistry: ttlMs ${ttlMs} is not a number from 2,000`);
    if (!(refreshMs > 0)) throw new RangeError(`etcdRegistry: refreshMs ${refreshMs} is not a number above 0`);
    if (prefix === '' || prefix.endsWith('/'))
      throw new TypeError(`etcdRegistry: prefix "${prefix}" is empty or ends with a slash`);
    this.#client = new EtcdClient({ endpoints, auth, tls, random });
    this.name = this.#client.name;
    this.#prefix = prefix;
    this.#ttlSeconds = Math.ceil(ttlMs / 1_000);
    this.#refreshMs = refreshMs;
    this.#random = random;
  }

  async register(ctx: Context, instance: Instance, { token, isAgain }: RegisterTry): Promise<Lease> {
    const lease = new EtcdLease(this.#client, this.#prefix, instance, token);
    await lease.grant(ctx, this.#ttlSeconds);
    if (!isAgain) await lease.put(ctx);
    else if (!(await lease.putBack(ctx))) {
      throw DiscoveryErrors.INSTANCE_REPLACED(
        `${instance.service}/${instance.id} was registered by another process; give each its own id`,
      );
    }
    return lease;
  }

  source(service: string | undefined): ListSource {
    return { read: (ctx) => this.#read(ctx, service) };
  }

  close(ctx: Context): Promise<void> {
    return this.#client.close(ctx);
  }

  /** Each connection begins with a list: etcd may have been set back to an older state, or to none, meanwhile. */
  async *#read(ctx: Context, service: string | undefined): AsyncGenerator<ReturnType<EtcdLists['apply']>> {
    const range = rangeOf(this.#prefix, service);
    const { header, kvs } = await this.#client.call(ctx, '/v3/kv/range', range);
    const lists = new EtcdLists(this.#prefix, parseKeyValues(kvs));
    yield lists.whole();
    const request = { ...range, start_revision: String(BigInt(text(record(header).revision, '0')) + 1n) };
    const idleMs = this.#refreshMs * (0.75 + this.#random() / 2);
    for await (const message of this.#client.stream(ctx, '/v3/watch', { create_request: request }, idleMs)) {
      // Compacted away, or the member lost its leader: list anew.
      if (message.canceled === true) return;
      yield lists.apply(message.events);
    }
  }
}
