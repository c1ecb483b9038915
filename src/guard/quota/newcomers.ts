import { unlimited } from './quota-store.ts';
import type { QuotaNode } from './quota-tree.ts';

/** First calls that a node has left. */
interface Bucket {
  left: number;
  filledAt: number;
}

/**
 * The first calls of new leaves whose share is less than a call. Each may have one, or a new tenant of a crowded tree would
 * be refused until the next exchange; but all together no more than the limits of this instance, or a stranger would only
 * need a new name for each call, and a tenant with few calls an hour a pause in between.
 */
export class Newcomers {
  readonly #buckets = new Map<string, Bucket>();
  readonly #maxNodes: number;

  constructor(maxNodes: number) {
    this.#maxNodes = maxNodes;
  }

  /** Takes one call of all nodes above, then of the node itself; false where one of them has none left. */
  take(node: QuotaNode, now: number, instances: number): boolean {
    // From the root down: where nothing is left, no stranger's name is remembered.
    if (node.parent !== undefined && !this.take(node.parent, now, instances)) return false;
    if (node.limit >= unlimited) return true;
    const bucket = this.#filled(node.path, node.limit / instances, now);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }

  #filled(path: string, perSecond: number, now: number): Bucket {
    const most = Math.max(1, perSecond);
    let bucket = this.#buckets.get(path);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#maxNodes) this.#buckets.clear();
      bucket = { left: most, filledAt: now };
      this.#buckets.set(path, bucket);
    }
    bucket.left = Math.min(most, bucket.left + ((now - bucket.filledAt) * perSecond) / 1_000);
    bucket.filledAt = now;
    return bucket;
  }
}
