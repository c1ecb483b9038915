import { createHash } from 'node:crypto';
import { type Context, until } from '../../concurrency/index.ts';
import type { QuotaGrant, QuotaReport, QuotaStore } from '../../guard/index.ts';
import { exchangeScript, releaseScript } from './quota-script.ts';
import { RedisErrors, redisError } from './redis-errors.ts';

/**
 * What is used of a client: `createClient` and `createCluster` of the package `redis` have it. For ioredis:
 *
 *     const scripts: RedisScripts = {
 *       evalSha: (sha, { keys, arguments: args }) => io.evalsha(sha, keys.length, ...keys, ...args),
 *       eval: (script, { keys, arguments: args }) => io.eval(script, keys.length, ...keys, ...args),
 *     };
 */
export interface RedisScripts {
  /** False: there is no connection. Then nothing is sent, so that nothing waits in the client's queue. Default: true. */
  readonly isReady?: boolean;
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

export interface RedisQuotaStoreOptions {
  /** Quotas of one name share their leases: 1 to 64 letters, digits, `_`, `-` and `.`. Default: `quota`. */
  readonly name?: string;
  /** Before the keys of this store. Default: `flotilla:`. */
  readonly prefix?: string;
}

/**
 * Quota leases in Redis 5 or later, or a cluster of it: one key, one script and one round trip for each exchange, on the
 * server's clock. The key goes with the last lease; a Redis that comes back empty has each instance tell what it knew.
 *
 * The client is the user's, who connects it, listens to its `error` event and closes it. An exchange never waits for it
 * longer than its Context: without a connection it fails at once, and while one is unanswered so does the next.
 */
export function redisQuotaStore(client: RedisScripts, options: RedisQuotaStoreOptions = {}): QuotaStore {
  return new RedisQuotaStore(client, options);
}

class RedisQuotaStore implements QuotaStore {
  readonly #client: RedisScripts;
  readonly #key: string;
  readonly #exchange = new Script(exchangeScript);
  readonly #release = new Script(releaseScript);
  /** Instances whose exchange has no answer yet. */
  readonly #asking = new Set<string>();

  constructor(client: RedisScripts, { name = 'quota', prefix = 'flotilla:' }: RedisQuotaStoreOptions) {
    if (!/^[\w.-]{1,64}$/.test(name)) {
      throw new RangeError(`redisQuotaStore: name is "${name}"; give 1 to 64 letters, digits, "_", "-" or "."`);
    }
    this.#client = client;
    this.#key = `${prefix}{quota:${name}}`;
  }

  async exchange(ctx: Context, report: QuotaReport): Promise<QuotaGrant> {
    ctx.throwIfDone();
    const { instance } = report;
    if (this.#asking.has(instance)) throw RedisErrors.REDIS_SILENT('redis has not answered the last exchange yet');
    this.#asking.add(instance);
    const answer = this.#run(this.#exchange, JSON.stringify(compact(report)));
    const clear = () => this.#asking.delete(instance);
    answer.then(clear, clear);
    return grantOf(await until(ctx, answer));
  }

  async release(ctx: Context, instance: string): Promise<void> {
    ctx.throwIfDone();
    await until(ctx, this.#run(this.#release, instance));
  }

  async #run(script: Script, argument: string): Promise<unknown> {
    if (this.#client.isReady === false) throw RedisErrors.REDIS_UNREACHABLE('there is no connection to redis');
    try {
      return await script.run(this.#client, this.#key, argument);
    } catch (error) {
      throw redisError(error);
    }
  }
}

class Script {
  readonly #text: string;
  readonly #sha: string;

  constructor(text: string) {
    this.#text = text;
    this.#sha = createHash('sha1').update(text).digest('hex');
  }

  /** A server that has just started does not know the script: then it is sent along. */
  async run(client: RedisScripts, key: string, argument: string): Promise<unknown> {
    const options = { keys: [key], arguments: [argument] };
    try {
      return await client.evalSha(this.#sha, options);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(this.#text, options);
    }
  }
}

/** Lists by field instead of an object for each node: what the script and its storage are quickest with. */
function compact({ instance, nodes, leaseMs, received, instances }: QuotaReport) {
  return {
    instance,
    leaseMs,
    received,
    instances,
    paths: nodes.map(({ path }) => path),
    parents: nodes.map(({ parent }) => parent + 1),
    guarantees: nodes.map(({ guarantee }) => guarantee),
    limits: nodes.map(({ limit }) => limit),
    weights: nodes.map(({ weight }) => weight),
    wants: nodes.map(({ wants = -1 }) => wants),
  };
}

function grantOf(answer: unknown): QuotaGrant {
  const [instances, sequence, ...shares] = numbersOf(answer);
  if (instances === undefined || sequence === undefined) {
    throw RedisErrors.REDIS_FAILED('redis answered the exchange with something else than numbers');
  }
  return { instances, sequence, shares };
}

function numbersOf(answer: unknown): readonly number[] {
  if (typeof answer !== 'string') return [];
  try {
    const list: unknown = JSON.parse(answer);
    return Array.isArray(list) && list.every((item) => typeof item === 'number') ? list : [];
  } catch {
    return [];
  }
}
