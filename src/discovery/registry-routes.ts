import { createHash } from 'node:crypto';
import { background, type Context, sleep } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import { createRouter, empty, type HttpReply, json, type Router, rawJson, text } from '../net/http/index.ts';
import { telemetryOf } from '../observe/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { checkInstance, checkName } from './instance.ts';
import { LeaseTable } from './lease-table.ts';
import type { Instance, Registration, Registry } from './registry.ts';
import { type LeaseTerms, type WireList, type WireLists, wirePaths } from './registry-wire.ts';

export interface RegistryRoutesOptions {
  /** An instance that has not renewed for so long is evicted (see `LeaseTable` for when it is not). Default: 15,000. */
  readonly ttlMs?: number;
  /** What instances are told to renew by. Default: a third of the TTL. */
  readonly heartbeatMs?: number;
  /** The longest that a poll waits for news. Default: 30,000. */
  readonly maxWaitMs?: number;
  /** Its end stops the evictions and answers the polls that wait. Its clock counts. Default: `background()`. */
  readonly ctx?: Context;
}

/**
 * Serves a registry over HTTP with long polls; `httpRegistry` is the client, `registry-wire.ts` the protocol. What is
 * registered this way lives as long as its heartbeats. Whoever can reach these routes can register instances: serve them
 * on a loopback or otherwise protected address only.
 */
export function registryRoutes(registry: Registry, options: RegistryRoutesOptions = {}): Router {
  const served = new ServedRegistry(registry, options);
  const { maxWaitMs = defaultWaitMs } = options;
  const poll = { timeoutMs: maxWaitMs + 5_000 };
  const router = createRouter();
  router.post(wirePaths.instances, { body: rawJson(), maxBodyBytes: maxInstanceBytes }, async (ctx, { body }) =>
    json(await served.register(ctx, checkInstance(fieldsOf(body).instance), checkLease(fieldsOf(body).lease)), {
      status: 201,
    }),
  );
  router.post(wirePaths.renew, { body: rawJson(), maxBodyBytes: 1024 }, async (_ctx, { params, body }) => {
    served.renew(params.service, params.id, checkLease(fieldsOf(body).lease));
  });
  router.delete(wirePaths.instance, async (ctx, { params, query }) => {
    await served.deregister(ctx, params.service, params.id, checkLease(query.lease));
  });
  router.get(wirePaths.service, poll, async (ctx, { params, query }) => {
    const service = checkName('service', params.service);
    return served.answer(await served.poll(ctx, service, String(query.cursor ?? ''), waitOf(query.waitMs, maxWaitMs)));
  });
  router.get(wirePaths.services, poll, async (ctx, { query }) =>
    served.answer(await served.pollAll(ctx, String(query.cursor ?? ''), waitOf(query.waitMs, maxWaitMs))),
  );
  return router;
}

const defaultTtlMs = 15_000;
const defaultWaitMs = 30_000;
const maxInstanceBytes = 64 * 1024;

class ServedRegistry {
  readonly #registry: Registry;
  readonly #life: Context;
  readonly #terms: LeaseTerms;
  readonly #leases: LeaseTable;
  readonly #registrations = new Map<string, Registration>();
  readonly #epoch = crypto.randomUUID();
  /** By the lists of the registry's snapshots, which are others whenever something changed. */
  readonly #texts = new WeakMap<readonly Instance[], string>();
  readonly #completeAt: number;
  #sweeping = false;

  constructor(registry: Registry, options: RegistryRoutesOptions) {
    const { ttlMs = defaultTtlMs, heartbeatMs = ttlMs / 3, ctx = background() } = options;
    if (!(ttlMs > 0 && heartbeatMs > 0 && heartbeatMs * 2 <= ttlMs)) {
      throw new RangeError(
        `registryRoutes: heartbeatMs ${heartbeatMs} must be above 0 and at most half of ttlMs ${ttlMs}`,
      );
    }
    this.#registry = registry;
    this.#life = ctx;
    this.#terms = { ttlMs, heartbeatMs };
    this.#leases = new LeaseTable(this.#terms);
    this.#completeAt = ctx.clock.now() + ttlMs;
  }

  async register(ctx: Context, instance: Instance, lease: string): Promise<LeaseTerms> {
    const key = keyOf(instance.service, instance.id);
    this.#registrations.set(key, await this.#registry.register(ctx, instance));
    this.#leases.grant(key, lease, this.#life.clock.now());
    this.#sweepLater();
    return this.#terms;
  }

  renew(service: string, id: string, lease: string): void {
    const result = this.#leases.renew(keyOf(service, id), lease, this.#life.clock.now());
    if (result === 'unknown')
      throw DiscoveryErrors.NOT_REGISTERED(`${service}/${id} is not registered here; register it again`);
    if (result === 'replaced') {
      throw DiscoveryErrors.INSTANCE_REPLACED(
        `${service}/${id} was registered again by another process; give each its own id`,
      );
    }
  }

  /** Says nothing about what it did not find: gone is gone. */
  async deregister(ctx: Context, service: string, id: string, lease: string): Promise<void> {
    const key = keyOf(service, id);
    if (!this.#leases.holds(key, lease)) return;
    await this.#remove(ctx, key);
  }

  poll(ctx: Context, service: string, cursor: string, waitMs: number): Promise<WireList | undefined> {
    const watch = (waiting: Context) => this.#registry.watch(waiting, service);
    return this.#firstNews(ctx, waitMs, cursor, watch, ({ revision, instances }) => ({
      ...this.#head(String(revision)),
      instances,
    }));
  }

  pollAll(ctx: Context, cursor: string, waitMs: number): Promise<WireLists | undefined> {
    const watch = (waiting: Context) => this.#registry.watchAll(waiting);
    return this.#firstNews(ctx, waitMs, cursor, watch, (snapshots) => ({
      ...this.#head(digest(snapshots.map(({ service, revision }) => `${service}:${revision}`).join(','))),
      services: Object.fromEntries(snapshots.map(({ service, instances }) => [service, instances])),
    }));
  }

  /** The first list that the client has not seen, or undefined if there is none until it has waited enough. */
  async #firstNews<S, L extends { readonly cursor: string }>(
    parent: Context,
    waitMs: number,
    seen: string,
    watch: (ctx: Context) => AsyncIterable<S>,
    listOf: (state: S) => L,
  ): Promise<L | undefined> {
    const { clock } = this.#life;
    const untilComplete = this.#completeAt - clock.now();
    using ctx = parent.withTimeout(untilComplete > 0 ? Math.min(waitMs, untilComplete) : waitMs);
    const leave = this.#life.onDone(() => ctx.cancel());
    try {
      let state: S | undefined;
      for await (state of watch(ctx)) {
        const list = listOf(state);
        if (list.cursor !== seen) return list;
      }
      if (this.#life.err() !== undefined) throw draining();
      // That the list is complete now is news too.
      const list = state === undefined ? undefined : listOf(state);
      return list?.cursor === seen ? undefined : list;
    } finally {
      leave();
    }
  }

  /** Each list is made into text once, however many wait for it. */
  answer(list: WireList | WireLists | undefined): HttpReply {
    if (list === undefined) return empty();
    const { cursor, epoch, complete } = list;
    const head = JSON.stringify({ cursor, epoch, complete }).slice(0, -1);
    if ('instances' in list) return jsonText(`${head},"instances":${this.#textOf(list.instances)}}`);
    const services = Object.entries(list.services).map(([name, all]) => `${JSON.stringify(name)}:${this.#textOf(all)}`);
    return jsonText(`${head},"services":{${services.join(',')}}}`);
  }

  #textOf(instances: readonly Instance[]): string {
    const known = this.#texts.get(instances);
    if (known !== undefined) return known;
    const made = JSON.stringify(instances);
    this.#texts.set(instances, made);
    return made;
  }

  #head(revision: string): Omit<WireList, 'instances'> {
    const complete = this.#life.clock.now() >= this.#completeAt;
    return { cursor: `${this.#epoch}.${revision}.${complete ? 'complete' : 'starting'}`, epoch: this.#epoch, complete };
  }

  async #remove(ctx: Context, key: string): Promise<void> {
    const registration = this.#registrations.get(key);
    this.#registrations.delete(key);
    this.#leases.drop(key);
    await registration?.close(ctx);
  }

  /** Sweeps as long as there are leases: a registry without instances has no timer. */
  #sweepLater(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    void this.#sweep().finally(() => {
      this.#sweeping = false;
      // One that came after the last look and before this line must not stay without a sweep.
      if (this.#leases.size > 0 && this.#life.err() === undefined) this.#sweepLater();
    });
  }

  async #sweep(): Promise<void> {
    const { log } = telemetryOf(this.#life);
    while (this.#leases.size > 0) {
      const stopped = await sleep(this.#life, this.#leases.sweepMs).catch((error: unknown) => error);
      if (stopped !== undefined) return;
      for (const key of this.#leases.takeExpired(this.#life.clock.now())) {
        log.warn(this.#life, `registry: ${key} sent no heartbeat for ${this.#terms.ttlMs} ms and is evicted`);
        await this.#remove(this.#life, key).catch((error) =>
          log.error(this.#life, `registry: could not evict ${key}`, { error }),
        );
      }
    }
  }
}

function keyOf(service: string, id: string): string {
  return `${service}/${id}`;
}

function jsonText(data: string): HttpReply {
  return text(data, { headers: { 'content-type': 'application/json' } });
}

function checkLease(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9-]{16,64}$/.test(value)) return value;
  throw new StatusError(
    'invalid_argument',
    'the lease must be 16 to 64 letters, digits or dashes, chosen by the instance at random',
    {
      reason: 'INVALID_LEASE',
    },
  );
}

function waitOf(value: unknown, maxWaitMs: number): number {
  if (value === undefined) return maxWaitMs;
  const waitMs = Number(value);
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Math.min(waitMs, maxWaitMs);
  throw new StatusError(
    'invalid_argument',
    `waitMs is ${String(JSON.stringify(value)).slice(0, 40)}; it must be a whole number of milliseconds`,
    {
      reason: 'INVALID_INPUT',
    },
  );
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

function draining(): StatusError {
  return new StatusError('unavailable', 'the registry is shutting down', { reason: 'DRAINING' });
}
