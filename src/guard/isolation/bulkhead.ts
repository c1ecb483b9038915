import { type Awaitable, type Context, systemClock } from '../../concurrency/index.ts';
import {
  type BulkheadOptions,
  type BulkheadSettings,
  checkBulkheadName,
  exactBulkhead,
  maxCalls,
} from './bulkhead-options.ts';
import { Shares } from './shares.ts';

/** A place in a bulkhead, until it is released. `using` releases it at the end of the block. */
export interface BulkheadPermit extends Disposable {
  /** A second time does nothing. */
  release(): void;
}

/** Bounds how many calls of a kind run and wait, so that what they wait for cannot take the whole process with it. */
export interface Bulkhead<S extends BulkheadSettings = BulkheadSettings> {
  readonly name: string;
  /** As they are now: what `configure` would take to change nothing. */
  readonly settings: S;
  /** Calls that run now. */
  readonly inFlight: number;
  /** Calls that wait now. */
  readonly queued: number;
  /**
   * Waits for a place; at once where there is one and nobody waits. Throws `resource_exhausted` BULKHEAD_FULL where as many
   * wait as may, or none came free within `maxWaitMs`; `deadline_exceeded` DEADLINE_TOO_SHORT at once where the Context will
   * end before it is its turn, by how long calls took of late; and what the Context ends with.
   */
  acquire(ctx: Context): Awaitable<BulkheadPermit>;
  /** Changes some settings at once. What runs and waits stays. Throws a RangeError that names the option and its range. */
  configure(change: Partial<S>): void;
  snapshot(): BulkheadSnapshot;
}

/** What metrics and the console show of a bulkhead. */
export interface BulkheadSnapshot {
  readonly name: string;
  readonly maxInFlight: number;
  readonly maxQueue: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Since it was made. */
  readonly admitted: number;
  readonly refused: number;
  /** How long calls held their places of late; one at most `maxInFlight` times `maxWaitMs`. */
  readonly typicalMs: number;
  /** Whether the newest goes first now. */
  readonly isNewestFirst: boolean;
  /** Of a fair one: those that hold or want the most, at most twenty. */
  readonly tenants: readonly { readonly tenant: string; readonly inFlight: number; readonly queued: number }[];
}

/**
 * A bulkhead for one dependency or one method, which it keeps from taking all that the process has.
 *
 *     const mail = bulkhead({ name: 'mail', maxInFlight: 20 });
 *     using permit = await mail.acquire(ctx);
 *     await send(ctx, message);
 *
 * Who waits is served in order while the queue moves, and newest first once it stands ("Fail at Scale", Facebook 2015):
 * then the oldest have waited so long that their callers have gone, and to serve them would be too late for all.
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  checkBulkheadName('bulkhead', options.name);
  const { clock = systemClock } = options;
  // Its calls belong to nobody, so only `maxQueue` bounds them.
  const settings = exactBulkhead('bulkhead', { ...options, maxQueuePerTenant: maxCalls });
  return new Shares('bulkhead', options.name, settings, clock);
}
