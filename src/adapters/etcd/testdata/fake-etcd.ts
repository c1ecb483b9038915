import { EventEmitter, once } from 'node:events';
import { type FakeCall, FakeServer, reply } from '../../../discovery/testdata/fake-server.ts';

interface Pair {
  readonly key: string;
  readonly value: string;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly version: string;
  readonly lease?: string;
}

interface Event {
  readonly type?: 'DELETE';
  readonly kv: Partial<Pair> & { readonly key: string; readonly mod_revision: string };
}

interface Lease {
  readonly ttlMs: number;
  renewedAt: number;
}

type Body = Readonly<Record<string, unknown>>;

const header = { cluster_id: '11701000360937476151', member_id: '6388509975005204352', raft_term: '2' };

/** One member of etcd 3.4 behind its JSON gateway: keys with revisions, transactions, leases, watches, compaction. */
export class FakeEtcd {
  readonly server = new FakeServer((call) => this.#handle(call));
  /** What a lease lasts, whatever it was asked for; undefined: as it was asked for. */
  ttlMs: number | undefined;
  revision = 1;
  #pairs = new Map<string, Pair>();
  #history: Event[] = [];
  #compacted = 0;
  #leases = new Map<string, Lease>();
  #nextLease = 7587848943239472601n;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #expiring = setInterval(() => this.#expire(), 20);

  async start(): Promise<this> {
    await this.server.start();
    return this;
  }

  async stop(): Promise<void> {
    clearInterval(this.#expiring);
    await this.server.stop();
  }

  /** As a member whose data directory is lost: watches end, keys and leases are gone, revisions begin again. */
  forget(): void {
    this.#pairs = new Map();
    this.#history = [];
    this.#leases = new Map();
    this.revision = 1;
    this.#compacted = 0;
    this.server.fail(undefined);
  }

  /** As a member that stood still for so long that all leases are over: all keys go in one moment. */
  expireAll(): void {
    for (const lease of this.#leases.values()) lease.renewedAt = Number.NEGATIVE_INFINITY;
    this.#expire();
  }

  compact(): void {
    this.#compacted = this.revision;
    this.#history = [];
  }

  /** Ends all watches with what a member says that compacted what they wait for. */
  cancelWatches(): void {
    this.compact();
    this.#changes.emit('cancel');
  }

  /** As an operator does. */
  deleteKey(key: string): void {
    this.#delete(Buffer.from(key).toString('base64'), ++this.revision);
    this.#changes.emit('change');
  }

  #handle(call: FakeCall): unknown {
    const { path, body, response } = call;
    const request = JSON.parse(body) as Body;
    switch (path) {
      case '/v3/kv/range':
        return reply(response, 200, this.#range(request));
      case '/v3/kv/put':
        return this.#answer(response, () => this.#put(request, ++this.revision));
      case '/v3/kv/txn':
        return this.#answer(response, () => this.#transact(request));
      case '/v3/lease/grant':
        return reply(response, 200, this.#grant(request));
      case '/v3/lease/keepalive':
        return reply(response, 200, { result: this.#keepAlive(request) });
      case '/v3/lease/revoke':
        return this.#answer(response, () => this.#revoke(String(request.ID)));
      case '/v3/watch':
        return this.#watch(call, request.create_request as Body);
      default:
        return reply(response, 404, 'Not Found', { 'content-type': 'text/plain' });
    }
  }

  #answer(response: FakeCall['response'], work: () => object): void {
    try {
      const answer = work();
      this.#changes.emit('change');
      reply(response, 200, { header: this.#header(), ...answer });
    } catch (error) {
      const message = (error as Error).message;
      reply(response, 404, { error: message, message, code: 5 });
    }
  }

  #range({ key, range_end: end }: Body): object {
    const from = bytesOf(key);
    const to = end === undefined ? undefined : bytesOf(end);
    const kvs = [...this.#pairs.values()]
      .filter((pair) => (to === undefined ? pair.key === key : inRange(bytesOf(pair.key), from, to)))
      .sort((a, b) => Buffer.compare(bytesOf(a.key), bytesOf(b.key)));
    return { header: this.#header(), ...(kvs.length > 0 && { kvs, count: String(kvs.length) }) };
  }

  #put({ key, value, lease, ignore_lease: keepsLease }: Body, revision: number): object {
    const last = this.#pairs.get(String(key));
    const under = keepsLease === true ? last?.lease : lease === undefined ? undefined : String(lease);
    if (under !== undefined && !this.#leases.has(under)) throw new Error('etcdserver: requested lease not found');
    const pair: Pair = {
      key: String(key),
      value: String(value),
      create_revision: last?.create_revision ?? String(revision),
      mod_revision: String(revision),
      version: String(Number(last?.version ?? 0) + 1),
      ...(under !== undefined && { lease: under }),
    };
    this.#pairs.set(pair.key, pair);
    this.#history.push({ kv: pair });
    return {};
  }

  #delete(key: string, revision: number): void {
    if (this.#pairs.delete(key)) this.#history.push({ type: 'DELETE', kv: { key, mod_revision: String(revision) } });
  }

  #transact({ compare, success = [], failure = [] }: Body): object {
    const succeeded = (compare as Body[]).every((one) => this.#holds(one));
    const operations = (succeeded ? success : failure) as Body[];
    const revision = this.revision + 1;
    const responses = operations.map(({ request_put: put, request_range: range }) => {
      if (range !== undefined) return { response_range: this.#range(range as Body) };
      this.#put(put as Body, revision);
      this.revision = revision;
      return { response_put: {} };
    });
    return { ...(succeeded && { succeeded }), ...(responses.length > 0 && { responses }) };
  }

  #holds({ key, target, value, create_revision: created, mod_revision: modified }: Body): boolean {
    const pair = this.#pairs.get(String(key));
    if (target === 'VALUE') return pair?.value === value;
    if (target === 'CREATE') return (pair?.create_revision ?? '0') === created;
    return (pair?.mod_revision ?? '0') === modified;
  }

  #grant({ TTL }: Body): object {
    const id = String(this.#nextLease++);
    this.#leases.set(id, { ttlMs: this.ttlMs ?? Number(TTL) * 1_000, renewedAt: performance.now() });
    const seconds = this.ttlMs === undefined ? Number(TTL) : this.ttlMs / 1_000;
    return { header: this.#header(), ID: id, TTL: String(seconds) };
  }

  /** One that is not known has no TTL in the answer. */
  #keepAlive({ ID }: Body): object {
    const lease = this.#leases.get(String(ID));
    if (lease !== undefined) lease.renewedAt = performance.now();
    return { header: this.#header(), ID, ...(lease !== undefined && { TTL: String(lease.ttlMs / 1_000) }) };
  }

  #revoke(id: string): object {
    if (!this.#leases.delete(id)) throw new Error('etcdserver: requested lease not found');
    const keys = [...this.#pairs.values()].filter(({ lease }) => lease === id).map(({ key }) => key);
    if (keys.length > 0) this.revision++;
    for (const key of keys) this.#delete(key, this.revision);
    return {};
  }

  #expire(): void {
    for (const [id, { ttlMs, renewedAt }] of this.#leases) {
      if (performance.now() - renewedAt > ttlMs) this.#revoke(id);
    }
    this.#changes.emit('change');
  }

  async #watch({ response, signal }: FakeCall, request: Body): Promise<unknown> {
    const [from, to] = [bytesOf(request.key), bytesOf(request.range_end)];
    let next = Number(request.start_revision);
    const send = (result: object) =>
      response.write(`${JSON.stringify({ result: { header: this.#header(), ...result } })}\n`);
    response.writeHead(200, { 'content-type': 'application/json' });
    send({ created: true });
    if (next <= this.#compacted)
      return response.end(send({ canceled: true, compact_revision: String(this.#compacted) }));
    const canceled = new AbortController();
    this.#changes.once('cancel', () => {
      send({ canceled: true, compact_revision: String(this.#compacted) });
      canceled.abort();
    });
    const over = AbortSignal.any([signal, canceled.signal]);
    while (!over.aborted) {
      const events = this.#history.filter(
        ({ kv }) => Number(kv.mod_revision) >= next && inRange(bytesOf(kv.key), from, to),
      );
      next = Math.max(next, this.revision + 1);
      if (events.length > 0) send({ events });
      await once(this.#changes, 'change', { signal: over }).catch(() => {});
    }
    return response.end();
  }

  #header(): object {
    return { ...header, revision: String(this.revision) };
  }
}

function bytesOf(base64: unknown): Buffer {
  return Buffer.from(String(base64), 'base64');
}

function inRange(key: Buffer, from: Buffer, to: Buffer): boolean {
  return Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0;
}
