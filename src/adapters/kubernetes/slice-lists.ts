import type { Context } from '../../concurrency/index.ts';
import type { Listing, ListSource, Lists } from '../../discovery/index.ts';
import { from, StatusError } from '../../errors/index.ts';
import type { KubernetesClient } from './kubernetes-client.ts';
import { instancesOf, parseSlice, record, type Slice, type SliceLabels, text } from './slices.ts';

export interface SliceListsOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Undefined: all. */
  readonly service: string | undefined;
  readonly labels: SliceLabels;
  readonly watchSeconds: number;
}

/** What was seen is too old for the server: `410 Gone`, as a status or within the watch. */
const gone = 410;

/**
 * The slices of a service, or of a namespace: listed, then watched from the version of the list. A watch that ends goes on
 * from the last version that was seen; only one that the server has forgotten makes a new list. What Kubernetes says is
 * believed at once: it waits for probes and leases itself.
 */
export class SliceLists implements ListSource {
  readonly #options: SliceListsOptions;
  readonly #path: string;
  readonly #slices = new Map<string, Slice>();
  /** What was seen; '' before the first list, or when that is too old. */
  #version = '';
  /** A list from the server's cache may be older than what was seen: not after the server said that it is too old. */
  #isStaleFine = true;

  constructor(options: SliceListsOptions) {
    const { namespace, service } = options;
    this.#options = options;
    const selector = service === undefined ? 'kubernetes.io/service-name' : `kubernetes.io/service-name=${service}`;
    const path = `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`;
    this.#path = `${path}?labelSelector=${encodeURIComponent(selector)}`;
  }

  async *read(ctx: Context): AsyncGenerator<Lists | undefined> {
    if (this.#version === '') yield await this.#list(ctx);
    const { client, watchSeconds } = this.#options;
    const query = `&watch=1&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}&resourceVersion=${this.#version}`;
    try {
      // A connection that died without a word is left soon after the server would have ended the watch.
      for await (const event of client.watch(ctx, this.#path + query, (watchSeconds + 10) * 1_000)) {
        yield this.#take(record(event));
      }
    } catch (error) {
      if (from(error).code !== 'out_of_range') throw error;
      this.#forget();
    }
  }

  async #list(ctx: Context): Promise<Lists> {
    const version = this.#isStaleFine ? '&resourceVersion=0' : '';
    const { kind, metadata, items } = await this.#options.client.get(ctx, this.#path + version);
    const seen = text(record(metadata).resourceVersion);
    if (!Array.isArray(items) || seen === '') throw notKubernetes(`a list of kind ${JSON.stringify(kind)}`);
    this.#slices.clear();
    for (const item of items) this.#put(item);
    this.#version = seen;
    this.#isStaleFine = true;
    const services = new Set([...this.#slices.values()].map((slice) => slice.service));
    if (this.#options.service !== undefined) services.add(this.#options.service);
    return { services: this.#listings(services), isWhole: true, isCertain: true };
  }

  #take({ type, object }: Readonly<Record<string, unknown>>): Lists | undefined {
    const { metadata, code, message } = record(object);
    if (type === 'ERROR') {
      if (code === gone) throw new StatusError('out_of_range', text(message), { reason: 'KUBERNETES_REFUSED' });
      throw notKubernetes(`a watch that ends with ${String(code)} ${text(message)}`);
    }
    const version = text(record(metadata).resourceVersion);
    if (version === '' || typeof type !== 'string') throw notKubernetes('an event without a version');
    this.#version = version;
    if (type === 'BOOKMARK') return undefined;
    const before = this.#slices.get(text(record(metadata).name))?.service;
    const slice = type === 'DELETED' ? this.#delete(object) : this.#put(object);
    const touched = [before, slice?.service].filter((service) => service !== undefined);
    return { services: this.#listings(new Set(touched)), isWhole: false, isCertain: true };
  }

  #put(object: unknown): Slice | undefined {
    const slice = parseSlice(object);
    if (slice !== undefined) this.#slices.set(slice.name, slice);
    return slice;
  }

  #delete(object: unknown): Slice | undefined {
    const slice = parseSlice(object);
    if (slice !== undefined) this.#slices.delete(slice.name);
    return slice;
  }

  #forget(): void {
    this.#version = '';
    this.#isStaleFine = false;
  }

  #listings(services: Iterable<string>): ReadonlyMap<string, Listing> {
    const { labels } = this.#options;
    const listings = new Map<string, Listing>();
    for (const service of services)
      listings.set(service, { instances: instancesOf(service, this.#slices.values(), labels) });
    return listings;
  }
}

function notKubernetes(what: string): StatusError {
  return new StatusError('data_loss', `kubernetes: the answer is ${what}`, { reason: 'KUBERNETES_REFUSED' });
}
