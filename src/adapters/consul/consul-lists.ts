import { all, type Context, chan, sleep } from '../../concurrency/index.ts';
import { checkName, type Listing, type ListSource, type Lists, listOf } from '../../discovery/index.ts';
import { StatusError } from '../../errors/index.ts';
import type { HttpResponse } from '../../net/http/index.ts';
import type { ConsulClient } from './consul-client.ts';
import { listingOf, record } from './consul-wire.ts';

export interface ConsulListsOptions {
  readonly client: ConsulClient;
  readonly waitMs: number;
  readonly datacenter: string | undefined;
}

/** However often lists change, they are not asked for sooner than this after an answer. */
const minPollMs = 50;
/** The same for the lists of all services, of which each is a query. */
const minPollAllMs = 500;
const queriesAtOnce = 8;
/**
 * Who may change what all lists hold. Consul has an index for each table: a service that is registered again elsewhere changes
 * no check, and a check that fails changes no service.
 */
const tables = ['/v1/health/state/any', '/v1/catalog/services'] as const;

/** The lists of one service, or of all, by blocking queries. */
export class ConsulLists implements ListSource {
  readonly #client: ConsulClient;
  readonly #waitMs: number;
  readonly #suffix: string;
  readonly #service: string | undefined;

  constructor({ client, waitMs, datacenter }: ConsulListsOptions, service: string | undefined) {
    this.#client = client;
    this.#waitMs = waitMs;
    this.#suffix = datacenter === undefined ? '' : `&dc=${encodeURIComponent(datacenter)}`;
    this.#service = service;
  }

  read(ctx: Context): AsyncIterable<Lists | undefined> {
    return this.#service === undefined ? this.#readAll(ctx) : this.#readOne(ctx, this.#service);
  }

  async *#readOne(ctx: Context, service: string): AsyncGenerator<Lists | undefined> {
    const path = `/v1/health/service/${encodeURIComponent(service)}`;
    for await (const answer of this.#changes(ctx, path)) {
      if (answer === undefined) {
        yield undefined;
        continue;
      }
      const { instances, left } = listing(answer);
      yield listOf(service, instances, false, left);
    }
  }

  /** Any change of any table is the occasion to read all services anew. */
  async *#readAll(parent: Context): AsyncGenerator<Lists | undefined> {
    using ctx = parent.withCancel();
    const watched = tables.map((path) => this.#changes(ctx, path));
    // From here on what changes is news.
    for (const table of watched) await table.next();
    const news = chan<true>(1);
    let failure: unknown;
    const watching = watched.map(async (table) => {
      try {
        for await (const answer of table) if (answer !== undefined && !news.isClosed) news.trySend(true);
      } catch (error) {
        failure ??= error;
        if (!news.isClosed) news.close();
      }
    });
    try {
      do {
        yield await this.#everything(ctx);
        await sleep(ctx, minPollAllMs);
      } while (await news.recv(ctx));
    } finally {
      ctx.cancel();
      await Promise.all(watching);
    }
    throw failure;
  }

  async #everything(ctx: Context): Promise<Lists> {
    const known = record((await this.#client.get(ctx, `/v1/catalog/services?${this.#suffix}`)).json());
    const names = Object.keys(known).filter((name) => name !== 'consul' && isName(name));
    const read = names.map((name) => async (reading: Context): Promise<readonly [string, Listing]> => {
      const path = `/v1/health/service/${encodeURIComponent(name)}?${this.#suffix}`;
      return [name, listing(await this.#client.get(reading, path))];
    });
    return { services: new Map(await all(ctx, read, { limit: queriesAtOnce })), isWhole: true, isCertain: false };
  }

  /** The answers of a blocking query that differ; undefined where it waited for nothing. */
  async *#changes(ctx: Context, path: string): AsyncGenerator<HttpResponse | undefined, void, undefined> {
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
      await sleep(ctx, minPollMs);
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

function indexFell(from: number, to: number): StatusError {
  return new StatusError('aborted', `consul: its index fell from ${from} to ${to}`, { reason: 'CONSUL_REFUSED' });
}

function noIndex(path: string): StatusError {
  return new StatusError('data_loss', `consul: the answer to ${path} is none of consul's`, {
    reason: 'CONSUL_REFUSED',
  });
}
