import { EventEmitter, once } from 'node:events';
import { type FakeCall, FakeServer, reply } from '../../../discovery/testdata/fake-server.ts';

interface Known {
  readonly definition: Record<string, unknown>;
  readonly ttlMs: number;
  status: 'passing' | 'critical';
  passedAt: number;
  modified: number;
}

/** One agent of Consul that is its own server: services with TTL checks, blocking queries, ACL tokens. */
export class FakeConsul {
  readonly server = new FakeServer((call) => this.#handle(call));
  /** Set: calls without it are refused. */
  token: string | undefined;
  index = 10;
  readonly #services = new Map<string, Known>();
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

  /** As an agent without its data directory, on servers that were restored from an old snapshot. */
  forget(): void {
    this.#services.clear();
    this.index = 5;
    this.#changes.emit('change');
  }

  /** Without a word to watchers: the time of its TTL is over. */
  expire(id: string): void {
    const known = this.#services.get(id);
    if (known !== undefined) known.passedAt = 0;
  }

  register(definition: Record<string, unknown>): void {
    const { ID, Check } = definition;
    const { TTL = '', Status } = (Check ?? {}) as { readonly TTL?: string; readonly Status?: string };
    const [, amount = '0', unit] = /^(\d+)(ms|s|m)$/.exec(TTL) ?? [];
    const ttlMs = Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1_000 : 60_000);
    const now = Date.now();
    this.#bump();
    const status = Status === 'critical' ? Status : 'passing';
    this.#services.set(String(ID), { definition, ttlMs, status, passedAt: now, modified: this.index });
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
      if (!this.#services.delete(id)) return reply(response, 404, `Unknown service ID "${id}"`);
      this.#bump();
      this.#changes.emit('change');
      return reply(response, 200, '');
    }
    if (method === 'PUT' && at === 'agent/check/pass') return this.#pass(id, response);
    if (method === 'GET' && `${area}/${what}` === 'agent/service') {
      const known = this.#services.get(verb);
      return known === undefined
        ? reply(response, 404, `unknown service ID: ${verb}`)
        : reply(response, 200, known.definition);
    }
    if (method === 'GET' && ['health/service', 'health/state', 'catalog/services'].includes(`${area}/${what}`))
      return this.#query(call, `${area}/${what}`, verb);
    reply(response, 404, '');
  }

  #pass(id: string, response: FakeCall['response']): unknown {
    const known = this.#services.get(id.replace(/^service:/, ''));
    if (known === undefined) return reply(response, 404, `Unknown check ID "${id}"`);
    known.passedAt = Date.now();
    if (known.status === 'critical') {
      known.status = 'passing';
      this.#bump();
      known.modified = this.index;
      this.#changes.emit('change');
    }
    reply(response, 200, '');
  }

  /** A blocking query: the answer when the index is not the one that was seen, or when the wait is over. */
  async #query({ query, response, signal }: FakeCall, at: string, name: string): Promise<unknown> {
    const seen = Number(query.get('index') ?? 0);
    const waitMs = Number(/^(\d+)ms$/.exec(query.get('wait') ?? '')?.[1] ?? 0);
    const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    while (seen > 0 && seen === this.index && !over.aborted) {
      await once(this.#changes, 'change', { signal: over }).catch(() => {});
    }
    if (signal.aborted) return;
    reply(response, 200, this.#answer(at, name), { 'x-consul-index': String(this.index) });
  }

  #answer(at: string, name: string): unknown {
    const all = [...this.#services.values()];
    if (at === 'catalog/services')
      return Object.fromEntries([['consul', []], ...all.map(({ definition }) => [definition.Name, definition.Tags])]);
    if (at === 'health/state')
      return all.map(({ definition, status }) => ({ ServiceID: definition.ID, Status: status }));
    return all
      .filter(({ definition }) => definition.Name === name)
      .map(({ definition, status, modified }) => ({
        Node: { Node: 'here', Address: '127.0.0.1' },
        Service: {
          Weights: { Passing: 1, Warning: 1 },
          ...definition,
          Service: definition.Name,
          ModifyIndex: modified,
        },
        Checks: [
          { CheckID: 'serfHealth', Status: 'passing' },
          { CheckID: `service:${definition.ID}`, Status: status },
        ],
      }));
  }

  #sweep(): void {
    for (const known of this.#services.values()) {
      if (known.ttlMs === 0 || known.status === 'critical' || Date.now() - known.passedAt <= known.ttlMs) continue;
      known.status = 'critical';
      this.#bump();
      known.modified = this.index;
      this.#changes.emit('change');
    }
  }

  #bump(): void {
    this.index++;
  }
}
