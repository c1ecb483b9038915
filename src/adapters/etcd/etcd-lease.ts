import type { Context } from '../../concurrency/index.ts';
import { DiscoveryErrors, type Instance, type Lease } from '../../discovery/index.ts';
import { from, StatusError } from '../../errors/index.ts';
import type { EtcdClient } from './etcd-client.ts';
import { entryOf, farewellOf, type KeyValue, keyOf, parseEntry, parseKeyValues, record, text } from './etcd-wire.ts';

/** Each so many renewals the key is looked at too: somebody may have deleted or replaced it while the lease lives. */
const renewalsPerLook = 4;

/** One registration in etcd: a lease and a key under it. */
export class EtcdLease implements Lease {
  heartbeatMs = 0;
  readonly #client: EtcdClient;
  readonly #prefix: string;
  readonly #what: string;
  readonly #key: string;
  readonly #value: string;
  readonly #token: string;
  #id = '0';
  #renewals = 0;

  constructor(client: EtcdClient, prefix: string, instance: Instance, token: string) {
    this.#client = client;
    this.#prefix = prefix;
    this.#what = `${instance.service}/${instance.id}`;
    this.#key = keyOf(prefix, instance);
    this.#value = entryOf(token, instance);
    this.#token = token;
  }

  async grant(ctx: Context, ttlSeconds: number): Promise<void> {
    const { ID, TTL } = await this.#client.call(ctx, '/v3/lease/grant', { TTL: String(ttlSeconds) });
    this.#id = text(ID, '0');
    // etcd may give more than it was asked for.
    this.heartbeatMs = (Number(text(TTL)) || ttlSeconds) * (1_000 / 3);
  }

  /** Takes the key, whoever has it. */
  async put(ctx: Context): Promise<void> {
    await this.#client.call(ctx, '/v3/kv/put', this.#putRequest).catch(throwLater);
  }

  /** Takes the key if nobody else has it; false, and the lease is given back, otherwise. */
  async putBack(ctx: Context): Promise<boolean> {
    const isFree = { key: this.#key, target: 'CREATE', result: 'EQUAL', create_revision: '0' };
    let seen = await this.#putIf(ctx, isFree);
    if (seen !== undefined && !this.#isForeign(seen)) {
      seen = await this.#putIf(ctx, {
        key: this.#key,
        target: 'MOD',
        result: 'EQUAL',
        mod_revision: seen.mod_revision,
      });
    }
    if (seen === undefined) return true;
    await this.#revoke(ctx);
    return false;
  }

  async renew(ctx: Context): Promise<void> {
    const { result } = await this.#client.call(ctx, '/v3/lease/keepalive', { ID: this.#id });
    if (!(Number(text(record(result).TTL, '0')) > 0)) throw notRegistered(this.#what);
    if (++this.#renewals % renewalsPerLook === 0) await this.#look(ctx);
  }

  /** Says good-bye before the key goes, if the key is still ours. */
  async release(ctx: Context): Promise<void> {
    const request_put = { key: this.#key, value: farewellOf(this.#token), ignore_lease: true };
    await this.#client.call(ctx, '/v3/kv/txn', {
      compare: [{ key: this.#key, target: 'VALUE', result: 'EQUAL', value: this.#value }],
      success: [{ request_put }],
    });
    await this.#revoke(ctx);
  }

  get #putRequest(): object {
    return { key: this.#key, value: this.#value, lease: this.#id };
  }

  /** What is in the way; undefined: the key was put. */
  async #putIf(ctx: Context, compare: object): Promise<KeyValue | undefined> {
    const { succeeded, responses } = await this.#client
      .call(ctx, '/v3/kv/txn', {
        compare: [compare],
        success: [{ request_put: this.#putRequest }],
        failure: [{ request_range: { key: this.#key } }],
      })
      .catch(throwLater);
    if (succeeded === true) return undefined;
    const [response] = Array.isArray(responses) ? responses : [];
    // One that vanished between the two: the next try will find its place free.
    const [kv] = parseKeyValues(record(record(response).response_range).kvs);
    if (kv === undefined) throw notRegistered(this.#what);
    return kv;
  }

  async #look(ctx: Context): Promise<void> {
    const { kvs } = await this.#client.call(ctx, '/v3/kv/range', { key: this.#key });
    const [kv] = parseKeyValues(kvs);
    if (kv?.lease === this.#id) return;
    if (kv === undefined || !this.#isForeign(kv)) throw notRegistered(this.#what);
    await this.#revoke(ctx);
    throw DiscoveryErrors.INSTANCE_REPLACED(
      `${this.#what} was registered again by another process; give each its own id`,
    );
  }

  #isForeign(kv: KeyValue): boolean {
    const entry = parseEntry(this.#prefix, kv);
    return entry?.instance !== undefined && entry.token !== this.#token;
  }

  /** One that has expired is gone as well. */
  async #revoke(ctx: Context): Promise<void> {
    try {
      await this.#client.call(ctx, '/v3/lease/revoke', { ID: this.#id });
    } catch (error) {
      if (from(error).code !== 'not_found') throw error;
    }
  }
}

/** It took so long that the lease has expired in between: the next try gets another. */
function throwLater(error: unknown): never {
  if (from(error).code !== 'not_found') throw error;
  throw new StatusError('unavailable', 'etcd: the new lease is gone already', { reason: 'ETCD_REFUSED', cause: error });
}

function notRegistered(what: string): Error {
  return DiscoveryErrors.NOT_REGISTERED(`etcd does not know ${what} any more`);
}
