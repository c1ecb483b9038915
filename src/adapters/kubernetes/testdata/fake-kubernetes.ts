import { EventEmitter, once } from 'node:events';
import { type FakeCall, FakeServer, reply } from '../../../discovery/testdata/fake-server.ts';

export interface FakeSlice {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    resourceVersion?: string;
  };
  readonly addressType: string;
  readonly ports: readonly object[];
  readonly endpoints: readonly object[];
}

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: object & { readonly metadata: { readonly resourceVersion?: string } };
  readonly version: number;
}

const path = '/apis/discovery.k8s.io/v1/namespaces/live/endpointslices';

/** The EndpointSlices of one namespace: lists, watches from a version, bookmarks, versions that are too old. */
export class FakeKubernetes {
  readonly server = new FakeServer((call) => this.#handle(call));
  /** Set: calls without it are refused. */
  token: string | undefined;
  version = 100;
  readonly #slices = new Map<string, FakeSlice>();
  #history: Event[] = [];
  #oldest = 100;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  async start(): Promise<this> {
    await this.server.start();
    return this;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  put(slice: FakeSlice): void {
    const { name } = slice.metadata;
    const type = this.#slices.has(name) ? 'MODIFIED' : 'ADDED';
    const object = { ...slice, metadata: { ...slice.metadata, resourceVersion: String(++this.version) } };
    this.#slices.set(name, object);
    this.#tell({ type, object, version: this.version });
  }

  delete(name: string): void {
    const slice = this.#slices.get(name);
    if (slice === undefined) return;
    this.#slices.delete(name);
    const object = { ...slice, metadata: { ...slice.metadata, resourceVersion: String(++this.version) } };
    this.#tell({ type: 'DELETED', object, version: this.version });
  }

  /** Of something else in the cluster: the version grows, and no watcher of slices is told but by a bookmark. */
  bookmark(): void {
    this.version += 10;
    const object = { kind: 'EndpointSlice', metadata: { resourceVersion: String(this.version) } };
    this.#tell({ type: 'BOOKMARK', object, version: this.version });
  }

  /** Forgets what happened before now: older versions are gone. */
  compact(): void {
    this.#history = [];
    this.#oldest = this.version;
  }

  /** Ends all watches, as the server does after some minutes. */
  endWatches(): void {
    this.#changes.emit('end');
  }

  /** Says within the watch that what was seen is too old. */
  expireWatches(): void {
    this.compact();
    this.#changes.emit('expire');
  }

  #tell(event: Event): void {
    this.#history.push(event);
    this.#changes.emit('change');
  }

  async #handle(call: FakeCall): Promise<unknown> {
    const { query, response } = call;
    if (this.token !== undefined && call.headers.authorization !== `Bearer ${this.token}`)
      return reply(response, 401, status(401, 'Unauthorized'));
    if (call.path !== path) return reply(response, 403, status(403, `cannot list ${call.path}`));
    const [label = '', wanted] = (query.get('labelSelector') ?? '').split('=');
    const isWanted = (labels: Readonly<Record<string, string>> | undefined) =>
      wanted === undefined ? labels?.[label] !== undefined : labels?.[label] === wanted;
    if (query.get('watch') === '1') return this.#watch(call, isWanted);
    const items = [...this.#slices.values()].filter(({ metadata }) => isWanted(metadata.labels));
    reply(response, 200, {
      kind: 'EndpointSliceList',
      apiVersion: 'discovery.k8s.io/v1',
      metadata: { resourceVersion: String(this.version) },
      items,
    });
  }

  async #watch(
    { query, response, signal }: FakeCall,
    isWanted: (labels: Readonly<Record<string, string>> | undefined) => boolean,
  ): Promise<unknown> {
    let seen = Number(query.get('resourceVersion'));
    if (seen < this.#oldest)
      return reply(response, 410, status(410, `too old resource version: ${seen} (${this.#oldest})`));
    if (seen > this.version) return reply(response, 504, status(504, `Too large resource version: ${seen}`));
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const ended = new AbortController();
    this.#changes.once('end', () => ended.abort());
    this.#changes.once('expire', () => {
      response.write(`${JSON.stringify({ type: 'ERROR', object: status(410, 'too old resource version') })}\n`);
      ended.abort();
    });
    const over = AbortSignal.any([signal, ended.signal]);
    while (!over.aborted) {
      for (const { type, object, version } of this.#history.filter((event) => event.version > seen)) {
        seen = version;
        const { labels } = object.metadata as { labels?: Record<string, string> };
        const isShown = type === 'BOOKMARK' ? query.get('allowWatchBookmarks') === 'true' : isWanted(labels);
        if (isShown) response.write(`${JSON.stringify({ type, object })}\n`);
      }
      await once(this.#changes, 'change', { signal: over }).catch(() => {});
    }
    response.end();
  }
}

function status(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code };
}
