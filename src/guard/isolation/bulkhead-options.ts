import type { Clock } from '../../concurrency/index.ts';
import { checkRange } from '../check-option.ts';
import { checkWhole } from '../limits/rate-options.ts';

/** What `configure` changes of a bulkhead. */
export interface BulkheadSettings {
  /** Calls that run at once, a whole number from 1. */
  readonly maxInFlight: number;
  /** Calls that wait for one of them to end; more are refused. 0: none waits. Default: 100. */
  readonly maxQueue?: number;
  /** The longest that a call waits, within its own deadline. Default: 1,000. */
  readonly maxWaitMs?: number;
  /**
   * Where the one that came first has waited for longer, the newest goes first: its caller is still there. 0: always the
   * newest; Infinity: always the oldest. Default: 100.
   */
  readonly newestFirstAfterMs?: number;
}

export interface BulkheadOptions extends BulkheadSettings {
  /** In errors and metrics: the dependency or the method. Any text of 1 to 200 characters. */
  readonly name: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

export interface FairBulkheadSettings extends BulkheadSettings {
  /** Waiting calls of one tenant. Undefined: half of `maxQueue`, rounded up. Default: that. */
  readonly maxQueuePerTenant?: number | undefined;
}

/** Settings whose defaults are filled in, checked. */
export interface ExactBulkhead extends Required<BulkheadSettings> {
  readonly maxQueuePerTenant: number;
  /** Nobody gave `maxQueuePerTenant`: it is half of `maxQueue`. */
  readonly perTenantFollows: boolean;
}

export const maxCalls = 1_000_000;

/** Throws a RangeError that names the option of `where`. `known` is what holds where the change says nothing. */
export function exactBulkhead(
  where: string,
  change: Partial<FairBulkheadSettings>,
  known?: ExactBulkhead,
): ExactBulkhead {
  const maxInFlight = change.maxInFlight ?? known?.maxInFlight ?? Number.NaN;
  const maxQueue = change.maxQueue ?? known?.maxQueue ?? 100;
  const maxWaitMs = change.maxWaitMs ?? known?.maxWaitMs ?? 1_000;
  const newestFirstAfterMs = change.newestFirstAfterMs ?? known?.newestFirstAfterMs ?? 100;
  const perTenantFollows =
    change.maxQueuePerTenant === undefined && ('maxQueuePerTenant' in change || (known?.perTenantFollows ?? true));
  const half = Math.ceil(maxQueue / 2);
  const maxQueuePerTenant = change.maxQueuePerTenant ?? (perTenantFollows ? half : (known?.maxQueuePerTenant ?? half));
  checkWhole(where, 'maxInFlight', maxInFlight, 1, maxCalls);
  checkWhole(where, 'maxQueue', maxQueue, 0, maxCalls);
  checkRange(where, 'maxWaitMs', maxWaitMs, 1, 3_600_000);
  checkRange(where, 'newestFirstAfterMs', newestFirstAfterMs, 0, Number.POSITIVE_INFINITY);
  checkWhole(where, 'maxQueuePerTenant', maxQueuePerTenant, 0, maxCalls);
  return { maxInFlight, maxQueue, maxWaitMs, newestFirstAfterMs, maxQueuePerTenant, perTenantFollows };
}

/** A method's full name is one, so more than the names of limits may be in it. */
export function checkBulkheadName(where: string, name: string): void {
  if (name.length >= 1 && name.length <= 200) return;
  throw new RangeError(`${where}: name has ${name.length} characters; give 1 to 200`);
}
