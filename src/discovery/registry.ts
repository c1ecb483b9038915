import type { Context } from '../concurrency/index.ts';

/** One running copy of a service: a process, or one service of several that share a process. */
export interface Instance {
  /** Unique within its service: `room-1`. Registering an id again replaces the earlier one. */
  readonly id: string;
  /** What callers ask for: `room`. */
  readonly service: string;
  readonly version: string;
  /** Where it can be reached, by what is spoken there: `{ rpc: 'http://127.0.0.1:41234', admin: ... }`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** The traffic lane (test environment) it belongs to; '' is the baseline. */
  readonly lane: string;
  /** Its share of the calls relative to the others', 0 to 1,000; 1 is normal, 0 gets no calls. */
  readonly weight: number;
  /** Small facts for people and tools: zone, build, owner. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a service's list is at one moment. */
export interface Snapshot {
  readonly service: string;
  /** Grows whenever the list changes, as seen through one Registry object. Never compare it between two of them. */
  readonly revision: number;
  readonly instances: readonly Instance[];
}

/** An instance that is kept alive in the registry. */
export interface Registration {
  /** Takes it out of every list: the first step of a drain. Does nothing the second time, or if the id was replaced. */
  close(ctx: Context): Promise<void>;
}

/**
 * Who runs where. Implementations differ in where the lists live; `registry.contract.ts` is the suite that each passes.
 * Available before consistent: a list may be a moment old, and is kept when the registry cannot be reached.
 */
export interface Registry {
  /**
   * Puts the instance into its service's list and keeps it there until the registration is closed. Resolves when the
   * registry has it. Throws `invalid_argument` INVALID_INSTANCE, `resource_exhausted` REGISTRY_FULL, and
   * `unavailable` REGISTRY_UNREACHABLE when `ctx` ends before the registry answered.
   */
  register(ctx: Context, instance: Instance): Promise<Registration>;
  /**
   * The list of one service: as it is now, then after each change. A slow reader gets the newest list and misses those
   * between. Never fails for a registry that is away: it goes on when the registry is back. Ends, without an error, when
   * `ctx` is done or the registry closed: cancel `ctx` to leave while a read is pending.
   */
  watch(ctx: Context, service: string): AsyncIterable<Snapshot>;
  /** The same for all services that have instances. For consoles: a caller watches what it calls. */
  watchAll(ctx: Context): AsyncIterable<readonly Snapshot[]>;
  /** Ends all watches and gives up, as far as it can, what is still registered through this object. */
  close(): Promise<void>;
}
