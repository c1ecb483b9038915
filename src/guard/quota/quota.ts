import type { Clock } from '../../concurrency/index.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { QuotaStore } from './quota-store.ts';
import type { QuotaTree } from './quota-tree.ts';

export interface QuotaOptions {
  readonly tree: QuotaTree;
  /** Shared by the instances. Default: one within the process. */
  readonly store?: QuotaStore;
  /** Unique among those that share the tree. Default: the telemetry's instance. */
  readonly instance?: string;
  /** What is shown to callers as the policy of `RateLimit`. Default: `quota`. */
  readonly name?: string;
  /** How long a share is good without a renewal. Default: 2,000. */
  readonly leaseMs?: number;
  /** How often shares are renewed, give or take a tenth. Default: 500. */
  readonly renewMs?: number;
  /** How long one exchange may take. Default: 250. */
  readonly timeoutMs?: number;
  /** How many calls may come at once: those of so many milliseconds, and at least one. Default: 1,000. */
  readonly burstMs?: number;
  /** How many tenants without a name in the tree are told apart at once; the rest share one node. Default: 10,000. */
  readonly maxTenants?: number;
  /** A leaf without calls for so long gives its share back. Default: 10,000. */
  readonly idleMs?: number;
  /** How many instances to reckon with before the store has told. Default: 4. */
  readonly expectedInstances?: number;
  /** A number from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
  /** Default: the Context's. */
  readonly clock?: Clock;
}

/** What can be changed while it runs. */
export type QuotaChange = Partial<Omit<QuotaOptions, 'store' | 'instance' | 'name' | 'random' | 'clock'>>;

/** One leaf as it stands. Rates in calls per second on this instance. */
export interface QuotaLeafSnapshot {
  readonly path: string;
  readonly share: number;
  readonly wants: number;
  readonly admitted: number;
  readonly refused: number;
}

export interface QuotaSnapshot {
  readonly instance: string;
  /** `initial`: no lease yet; `leased`; `degraded`: the lease has ended and the store is away. */
  readonly state: 'initial' | 'leased' | 'degraded';
  /** As the store said last; 0 for never. */
  readonly instances: number;
  /** Exchanges that failed since the last that did not. */
  readonly failures: number;
  readonly leaves: readonly QuotaLeafSnapshot[];
}

/**
 * Lets the calls of tenants through by their share of the tree: head.fields.tenant (`acme/shop`) and the method say which
 * leaf pays. Decides at once, without the store.
 */
export interface Quota extends Limiter, AsyncDisposable {
  configure(change: QuotaChange): void;
  snapshot(): QuotaSnapshot;
  /** Ends the renewals and gives the shares back, within one timeout; calls are refused or admitted as before. */
  close(): Promise<void>;
}
