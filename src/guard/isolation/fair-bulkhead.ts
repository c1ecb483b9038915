import { fieldsOf } from '../../call/index.ts';
import { type Context, systemClock } from '../../concurrency/index.ts';
import type { Bulkhead } from './bulkhead.ts';
import {
  type BulkheadOptions,
  checkBulkheadName,
  exactBulkhead,
  type FairBulkheadSettings,
} from './bulkhead-options.ts';
import { Shares } from './shares.ts';

export interface FairBulkheadOptions extends BulkheadOptions, FairBulkheadSettings {
  /** Whom a call belongs to. Must not throw. Default: its tenant; calls without one belong together. */
  readonly tenant?: (ctx: Context) => string;
}

/**
 * A bulkhead that tenants share. One alone may use all of it; where several want it, a place that comes free goes to the
 * tenant that holds the fewest, in turn where that is several. So shares become equal in places held, not in calls: a
 * tenant whose calls are slow cannot hold more of a pool than the others. Each has a queue of its own, and a bound on it.
 *
 * Nobody is interrupted: who held everything while alone gives back as its calls end.
 */
export function fairBulkhead(options: FairBulkheadOptions): Bulkhead<FairBulkheadSettings> {
  checkBulkheadName('fairBulkhead', options.name);
  const { tenant = tenantOf, clock = systemClock } = options;
  return new Shares('fairBulkhead', options.name, exactBulkhead('fairBulkhead', options), clock, tenant);
}

function tenantOf(ctx: Context): string {
  return fieldsOf(ctx).tenant;
}
