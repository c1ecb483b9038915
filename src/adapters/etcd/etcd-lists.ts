import type { Instance, Listing, Lists } from '../../discovery/index.ts';
import { type KeyValue, parseEntry, parseKey, parseKeyValue, record } from './etcd-wire.ts';

/** What lies below the prefix, as the events of a watch change it: pure. */
export class EtcdLists {
  readonly #prefix: string;
  readonly #services = new Map<string, Map<string, Instance>>();
  /** Who said good-bye and whose key is still there. */
  readonly #left = new Map<string, Set<string>>();

  constructor(prefix: string, kvs: readonly KeyValue[]) {
    this.#prefix = prefix;
    for (const kv of kvs) this.#put(kv);
  }

  /** Everything. */
  whole(): Lists {
    const services = new Set([...this.#services.keys(), ...this.#left.keys()]);
    return { services: this.#listings(services), isWhole: true, isCertain: false };
  }

  /** The services that the events touch; undefined if there is none. */
  apply(events: unknown): Lists | undefined {
    const touched = new Set<string>();
    for (const event of Array.isArray(events) ? events : []) {
      const { type, kv } = record(event);
      const pair = parseKeyValue(kv);
      const service = type === 'DELETE' ? this.#delete(pair) : this.#put(pair);
      if (service !== undefined) touched.add(service);
    }
    if (touched.size === 0) return undefined;
    const lists = { services: this.#listings(touched), isWhole: false, isCertain: false };
    return lists;
  }

  /** The service whose list may have changed. */
  #put(kv: KeyValue): string | undefined {
    const entry = parseEntry(this.#prefix, kv);
    // What this version cannot read stands in the place of what it knew there.
    if (entry === undefined) return this.#delete(kv);
    const { service, id, instance } = entry;
    if (instance === undefined) {
      this.#services.get(service)?.delete(id);
      madeIn(this.#left, service, () => new Set()).add(id);
    } else {
      madeIn(this.#services, service, () => new Map()).set(id, instance);
      this.#left.get(service)?.delete(id);
    }
    return service;
  }

  #delete({ key }: KeyValue): string | undefined {
    const at = parseKey(this.#prefix, key);
    if (at === undefined) return undefined;
    this.#services.get(at.service)?.delete(at.id);
    return at.service;
  }

  #listings(services: Iterable<string>): ReadonlyMap<string, Listing> {
    const listings = new Map<string, Listing>();
    for (const service of services) {
      const instances = this.#services.get(service) ?? new Map<string, Instance>();
      const left = this.#left.get(service);
      listings.set(service, {
        instances: [...instances.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
        ...(left !== undefined && { left }),
      });
      // They have been told of now; a set that grew for ever would be a leak.
      this.#left.delete(service);
      if (instances.size === 0) this.#services.delete(service);
    }
    return listings;
  }
}

function madeIn<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
