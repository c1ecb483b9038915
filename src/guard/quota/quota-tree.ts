import type { QuotaBounds } from './quota-store.ts';

/** What one node may have; each number in calls per second, over all instances. */
export interface QuotaNodeConfig {
  /** It gets as much as this when it wants it, whatever others want; what it leaves is lent. Default: 0. */
  readonly guarantee?: number;
  /** It never gets more. Default: no limit but that of the nodes above. */
  readonly limit?: number;
  /** Its part beside its siblings', beyond the guarantees. Default: 1. */
  readonly weight?: number;
}

/** A tenant, or a group of tenants such as an organisation. It has either children or methods. */
export interface QuotaTenantConfig extends QuotaNodeConfig {
  /** Groups or tenants below it, by name. Default: none. */
  readonly children?: Readonly<Record<string, QuotaTenantConfig>>;
  /** What each child gets that is not in `children`, by its own name. Default: all of them are one node, `*`. */
  readonly template?: QuotaTenantConfig;
  /** The one node of all children that have no other. Only without `template`. Default: no limit of its own. */
  readonly others?: QuotaNodeConfig;
  /** For a tenant: what some of its methods may have. Its other methods are one node, `*`. Default: all are one. */
  readonly methods?: Readonly<Record<string, QuotaNodeConfig>>;
}

/** A node of a validated tree. */
export interface QuotaNode extends QuotaBounds {
  /** The names from below the root, joined with `/`; in a name `/` is written `%2F`, and `%` `%25`. The root: ''. */
  readonly path: string;
  readonly parent: QuotaNode | undefined;
}

/** Where the calls of one tenant go. */
export interface QuotaTenant {
  /** The tenant itself, or the node that it shares with others. */
  readonly node: QuotaNode;
  /** The node of the method: `node` itself where methods are not told apart. */
  method(name: string): QuotaNode;
  /** It has a name in the configuration: there are only so many of them. */
  readonly isNamed: boolean;
}

/** A validated tree: immutable, holds no state of calls. */
export interface QuotaTree {
  readonly root: QuotaNode;
  /** By the text that calls carry: names joined with `/`, `acme/shop`. Makes new objects; whoever asks keeps them. */
  tenant(name: string): QuotaTenant;
}
