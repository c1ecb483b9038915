import { EventEmitter, once } from 'node:events';
import { type FakeCall, FakeServer, reply } from '../../../discovery/testdata/fake-server.ts';
import { FakeCatalog, type Known } from './fake-catalog.ts';

const defaultWaitMs = 300_000;
const maxWaitMs = 600_000;
/** Consul raises what it is asked for to this. */
const leastDeregisterMs = 60_000;

/**
 * One agent of Consul that is its own server: services with TTL checks, blocking queries, ACL tokens. What its documentation
 * leaves open is as in the sources of Consul 1.17, such as that a check keeps its status when its service is registered again.
 */
export class FakeConsul {
  readonly server = new FakeServer((call) => this.#handle(call));
  /** Set: calls without it are refused. */
  token: string | undefined;
  #catalog = new FakeCatalog(10);
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #sweeping = setInterval(() => this.#sweep(), 20);

  async start(): Promise<this> {
    await this.server.start();
    return this;
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweeping);
    await this.server.stop();
  }

  /**
   * As an agent without its data directory, on servers that were restored from an old snapshot. Those that wait are told, by an
   * index that fell; `isSilent`: none of them is, as if nobody had waited just then.
   */
  forget({ isSilent = false } = {}): void {
    if (isSilent) this.#catalog.restore(5);
    else this.#catalog = new FakeCatalog(5);
    this.#changes.emit('change');
  }

  /** How many blocking queries wait. */
  get waiting(): number {
    return this.#changes.listenerCount('change');
  }

  /** Without a word to watchers: the time of its TTL is over. */
  expire(id: string): void {
    const known = this.#catalog.services.get(id);
    if (known !== undefined) known.passedAt = 0;
  }

  /** What Consul does each half minute: takes out who was critical for as long as its check says, a minute at least. */
  reap(criticalForMs: number): void {
    for (const [id, { status, deregisterMs }] of this.#catalog.services) {
      if (status === 'critical' && deregisterMs > 0 && criticalForMs >= Math.max(deregisterMs, leastDeregisterMs))
        this.#catalog.delete(id);
    }
    this.#changes.emit('change');
  }

  /** The status of a check, and whether its service says that it has left; undefined: there is none. */
  stateOf(id: string): string | undefined {
    const known = this.#catalog.services.get(id);
    const { 'flotilla-left': left } = (known?.definition.Meta ?? {}) as Record<string, string>;
    return known && (left === 'true' ? `${known.status}, left` : known.status);
  }

  register(definition: Record<string, unknown>): void {
    const { ID, Check } = definition;
    const { TTL, Status, DeregisterCriticalServiceAfter } = (Check ?? {}) as Record<string, string>;
    const before = this.#catalog.services.get(String(ID));
    this.#catalog.put(String(ID), {
      definition,
      ttlMs: milliseconds(TTL),
      deregisterMs: milliseconds(DeregisterCriticalServiceAfter),
      // That of a check that is known is kept, whatever is asked for.
      status: before?.status ?? (TTL === undefined || Status === 'passing' ? 'passing' : 'critical'),
      passedAt: Date.now(),
    });
    this.#changes.emit('change');
  }

  async #handle(call: FakeCall): Promise<unknown> {
    const { method, response } = call;
    if (this.token !== undefined && call.headers['x-consul-token'] !== this.token)
      return reply(response, 403, 'rpc error making call: Permission denied');
    const path = call.path.split('/').slice(2).map(decodeURIComponent);
    const [area, what = '', verb = '', id = path.slice(3).join('/')] = path;
    const at = `${area}/${what}/${verb}`;
    if (method === 'PUT' && at === 'agent/service/register') {
      const definition = JSON.parse(call.body) as Record<string, unknown>;
      for (const [key, value] of Object.entries((definition.Meta ?? {}) as Record<string, string>)) {
        if (!/^[A-Za-z0-9_-]{1,128}$/.test(key) || Buffer.byteLength(value) > 512)
          return reply(response, 400, `Invalid Service Meta: ${key}`);
      }
      this.register(definition);
      return reply(response, 200, '');
    }
    if (method === 'PUT' && at === 'agent/service/deregister') {
      if (!this.#catalog.delete(id)) return reply(response, 404, `Unknown service ID "${id}"`);
      this.#changes.emit('change');
      return reply(response, 200, '');
    }
    if (method === 'PUT' && at === 'agent/check/pass') return this.#update(id, 'passing', response);
    if (method === 'PUT' && at === 'agent/check/fail') return this.#update(id, 'critical', response);
    if (method === 'GET' && `${area}/${what}` === 'agent/service') {
      const known = this.#catalog.services.get(verb);
      if (known === undefined) return reply(response, 404, `unknown service ID: ${verb}`);
      const { Name, Check, ...service } = known.definition;
      return reply(response, 200, { ...service, Service: Name, ContentHash: 'a9993e36' });
    }
    if (method === 'GET' && ['health/service', 'health/state', 'catalog/services'].includes(`${area}/${what}`))
      return this.#query(call, `${area}/${what}`, verb);
    reply(response, 404, '');
  }

  #update(id: string, status: Known['status'], response: FakeCall['response']): unknown {
    const service = id.replace(/^service:/, '');
    const known = this.#catalog.services.get(service);
    if (known === undefined) return reply(response, 404, `Unknown check ID "${id}"`);
    known.passedAt = Date.now();
    if (this.#catalog.setStatus(service, status)) this.#changes.emit('change');
    reply(response, 200, '');
  }

  /**
   * A blocking query: the answer when the index of what is asked for is above the one that was seen, when the wait is over, or
   * when the servers were restored. One that is below is waited for in vain.
   */
  async #query({ query, response, signal }: FakeCall, at: string, name: string): Promise<unknown> {
    const seen = Number(query.get('index') ?? 0);
    const waitMs = Math.min(milliseconds(query.get('wait') ?? '') || defaultWaitMs, maxWaitMs);
    const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    const catalog = this.#catalog;
    // A restore tells those that wait, and only them.
    while (seen > 0 && catalog.indexOf(at, name) <= seen && catalog === this.#catalog && !over.aborted) {
      await once(this.#changes, 'change', { signal: over }).catch(() => {});
    }
    if (signal.aborted) return;
    const index = String(Math.max(1, this.#catalog.indexOf(at, name)));
    reply(response, 200, this.#catalog.answer(at, name), { 'x-consul-index': index, 'x-consul-knownleader': 'true' });
  }

  #sweep(): void {
    for (const [id, { ttlMs, passedAt }] of this.#catalog.services) {
      if (ttlMs > 0 && Date.now() - passedAt > ttlMs && this.#catalog.setStatus(id, 'critical'))
        this.#changes.emit('change');
    }
  }
}

/** A duration as Go writes it, of one unit. */
function milliseconds(text = ''): number {
  const [, amount = '0', unit] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  return Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1_000 : 60_000);
}
