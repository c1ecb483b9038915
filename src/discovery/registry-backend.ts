import type { Context } from '../concurrency/index.ts';
import type { Instance } from './registry.ts';

/**
 * What a store of instances must be able to do, one try each: retries, heartbeats, the newest list for slow readers and
 * protection from lists that lost too much at once are `remoteRegistry`'s. Failures are StatusErrors; those with which a
 * store says that it may answer later (`unavailable`, ...) are waited out, any other refuses a registration for good.
 */
export interface RegistryBackend {
  /** For messages: `the registry at http://127.0.0.1:8081`. */
  readonly name: string;
  /** Throws READ_ONLY where others decide who is listed. */
  register(ctx: Context, instance: Instance, how: RegisterTry): Promise<Lease>;
  /** Where the lists of one service come from, or those of all. Made for each watch, so it may keep what it has seen. */
  source(service: string | undefined): ListSource;
  /** Frees connections, at the latest when `ctx` ends. */
  close(ctx: Context): Promise<void>;
}

export interface RegisterTry {
  /** Random; the same for all tries of one registration, so that a try whose answer got lost and the next are one. */
  readonly token: string;
  /** It was registered before and the store has forgotten it: throws INSTANCE_REPLACED if another one has its place. */
  readonly isAgain: boolean;
}

/** An instance in the store, for as long as it is renewed. */
export interface Lease {
  /** How often to renew; Infinity: never. */
  readonly heartbeatMs: number;
  /** Throws NOT_REGISTERED to be registered again, INSTANCE_REPLACED to be given up. */
  renew(ctx: Context): Promise<void>;
  /** Takes the instance out. Does nothing if another one has its place. */
  release(ctx: Context): Promise<void>;
}

export interface ListSource {
  /**
   * One connection: first all lists, then what changes, until it breaks (by an error or an end). `undefined` means that
   * the store lives and has no news. Read again after a pause that grows with each failure in a row.
   */
  read(ctx: Context): AsyncIterable<Lists | undefined>;
}

export interface Lists {
  /** By service. */
  readonly services: ReadonlyMap<string, Listing>;
  /** Whether services that it does not name have no instances. Otherwise they are as before. */
  readonly isWhole: boolean;
  /** Whether what is missing is gone for sure. Otherwise it may come back soon, and is kept for a while if it is much. */
  readonly isCertain: boolean;
}

export interface Listing {
  readonly instances: readonly Instance[];
  /** Ids that left on purpose: they go at once. Default: none is known. */
  readonly left?: ReadonlySet<string>;
}

/** A list of what a store gives, in the order of the ids, and apart from it who left on purpose. */
export function listingOfAll(
  all: Iterable<{ readonly instance: Instance; readonly hasLeft: boolean }>,
): Required<Listing> {
  const instances: Instance[] = [];
  const left = new Set<string>();
  for (const { instance, hasLeft } of all) {
    if (hasLeft) left.add(instance.id);
    else instances.push(instance);
  }
  return { instances: instances.sort((a, b) => (a.id < b.id ? -1 : 1)), left };
}

/** The list of one service, whole. */
export function listOf(
  service: string,
  instances: readonly Instance[],
  isCertain: boolean,
  left: ReadonlySet<string> = new Set(),
): Lists {
  return { services: new Map([[service, { instances, left }]]), isWhole: true, isCertain };
}

/** The lists of all services, whole. */
export function listsOf(instances: Iterable<Instance>, isCertain: boolean): Lists {
  const services = new Map<string, { readonly instances: Instance[] }>();
  for (const instance of instances) {
    const listing = services.get(instance.service);
    if (listing === undefined) services.set(instance.service, { instances: [instance] });
    else listing.instances.push(instance);
  }
  return { services, isWhole: true, isCertain };
}
