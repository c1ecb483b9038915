import { checkRange } from '../check-option.ts';
import type { QuotaTree } from './quota-tree.ts';

/** What can be changed while a quota works. */
export interface QuotaSettings {
  readonly tree: QuotaTree;
  /** How long a share is good without a renewal, in ms. Default: 2,000. */
  readonly leaseMs?: number;
  /** How often shares are renewed, give or take a tenth, in ms; at most half a lease. Default: 500. */
  readonly renewMs?: number;
  /** How long one exchange with the store may take, in ms; at most half a lease. Default: 250. */
  readonly timeoutMs?: number;
  /** So many milliseconds' worth of calls may come at once, and one call always. Default: 1,000. */
  readonly burstMs?: number;
  /** A tenant or method without calls for so long gives its share back, in ms. Default: 10,000. */
  readonly idleMs?: number;
  /** How many tenants that are not named in the tree are told apart at a time; the rest share a node. Default: 10,000. */
  readonly maxTenants?: number;
  /** How many instances to reckon with before the store has told. Default: 4. */
  readonly expectedInstances?: number;
}

/** Throws a RangeError that names the option. `known` holds where the change says nothing. */
export function exactSettings(change: Partial<QuotaSettings>, known: Required<QuotaSettings>): Required<QuotaSettings> {
  const settings = { ...known, ...change };
  const check = (name: keyof QuotaSettings, min: number, max: number) =>
    checkRange('quota', name, settings[name] as number, min, max);
  check('leaseMs', 100, 3_600_000);
  check('renewMs', 10, settings.leaseMs / 2);
  check('timeoutMs', 1, settings.leaseMs / 2);
  check('burstMs', 1, 3_600_000);
  check('idleMs', settings.renewMs, 86_400_000);
  check('maxTenants', 1, 1_000_000);
  check('expectedInstances', 1, 100_000);
  return settings;
}

export function defaultSettings(tree: QuotaTree): Required<QuotaSettings> {
  return {
    tree,
    leaseMs: 2_000,
    renewMs: 500,
    timeoutMs: 250,
    burstMs: 1_000,
    idleMs: 10_000,
    maxTenants: 10_000,
    expectedInstances: 4,
  };
}
