import type { CallHead } from '../../call/index.ts';
import type { OutlierDetector, OutlierNode } from '../../guard/index.ts';
import type { Instance } from '../registry.ts';
import type { BalancedNode, PoolHealth } from './balanced-node.ts';
import type { Choice, Gate } from './choice.ts';

const nobody: readonly string[] = [];

export type MakeNode<N extends BalancedNode> = (
  instance: Instance,
  outlier: OutlierNode,
  health: PoolHealth,
  now: number,
) => N;

export interface PoolOptions<N extends BalancedNode> {
  readonly outliers: OutlierDetector;
  readonly choice: Choice<N>;
  readonly makeNode: MakeNode<N>;
  readonly random: () => number;
  readonly panicBelow: number;
}

/** The instances that a balancer chooses from: alike, so that they can be compared. Says which of them may be chosen. */
export class Pool<N extends BalancedNode> implements Gate, PoolHealth {
  readonly random: () => number;
  now = 0;
  usable = 1;
  isOpen = false;
  isStale = true;
  #nodes: readonly N[] = [];
  readonly #outliers: OutlierDetector;
  readonly #choice: Choice<N>;
  readonly #makeNode: MakeNode<N>;
  readonly #panicBelow: number;
  #avoid: readonly string[] = nobody;
  #well = 0;
  #isPanic = false;
  hasAllIn = false;
  /** What was counted holds until then, unless something changes. */
  #countedUntil = 0;

  constructor({ outliers, choice, makeNode, random, panicBelow }: PoolOptions<N>) {
    this.#outliers = outliers;
    this.random = random;
    this.#choice = choice;
    this.#makeNode = makeNode;
    this.#panicBelow = panicBelow;
  }

  /** Keeps the nodes whose instances we know; a restarted one under the same id starts afresh. */
  update(members: readonly Instance[], now: number): void {
    const known = new Map(this.#nodes.map((node) => [node.instance.id, node]));
    const kept = new Map<Instance, N>();
    for (const instance of members) {
      const node = known.get(instance.id);
      if (node === undefined || !sameEndpoints(node.instance, instance)) continue;
      known.delete(instance.id);
      node.instance = instance;
      kept.set(instance, node);
    }
    for (const gone of known.values()) this.#outliers.remove(gone.outlier);
    // Beside others that are new as well nobody has to start slowly.
    const isNew = kept.size > 0;
    const make = (instance: Instance) =>
      this.#makeNode(instance, this.#outliers.add(instance.id, now, isNew), this, now);
    this.#nodes = members.map((instance) => kept.get(instance) ?? make(instance));
    this.now = now;
    this.isStale = true;
    this.hasAllIn = false;
    this.#choice.update(this.#nodes, this);
  }

  /** Undefined: it has no nodes. */
  choose(head: CallHead, avoid: readonly string[] = nobody, now: number): N | undefined {
    if (this.#nodes.length < 2) return this.#nodes[0];
    this.now = now;
    this.#avoid = avoid;
    this.#count(now);
    this.isOpen = this.hasAllIn && avoid.length === 0;
    return this.#choice.choose(head, this) ?? this.#leastBad(now);
  }

  /** Nodes that may be called now, and those that ought to be tried. */
  well(now: number): number {
    this.#count(now);
    return this.#well;
  }

  shareOf(node: BalancedNode): number {
    if (node.pausedUntil > this.now && (!this.#isPanic || node.isUnreachable)) return 0;
    if (this.#avoid.length > 0 && this.#avoid.includes(node.instance.id)) return 0;
    const share = node.outlier.share(this.now);
    return share === 0 && (this.#isPanic || node.outlier.isDue(this.now)) ? 1 : share;
  }

  passes(node: BalancedNode): boolean {
    const share = this.shareOf(node);
    return share === 1 || (share > 0 && this.random() < share);
  }

  #count(now: number): void {
    if (!this.isStale && now < this.#countedUntil) return;
    this.isStale = false;
    this.#countedUntil = Number.POSITIVE_INFINITY;
    let well = 0;
    let unreachable = 0;
    let allIn = 0;
    for (const node of this.#nodes) {
      if (node.pausedUntil > now) {
        this.#countedUntil = Math.min(this.#countedUntil, node.pausedUntil);
        if (node.isUnreachable) unreachable++;
        continue;
      }
      const share = node.outlier.share(now);
      if (share === 1) allIn++;
      // When a slow start or an ejection ends is the detector's to know: asked once a second.
      else this.#countedUntil = Math.min(this.#countedUntil, now + 1_000);
      if (share > 0 || node.outlier.isDue(now)) well++;
    }
    const reachable = this.#nodes.length - unreachable;
    this.hasAllIn = allIn === this.#nodes.length;
    this.#well = well;
    this.#isPanic = well < reachable * this.#panicBelow;
    this.usable = Math.max(1, this.#isPanic ? reachable : well);
  }

  /** Where chance or the caller spared all of them: one that starts slowly, else one that is avoided, else any. */
  #leastBad(now: number): N {
    const nodes = this.#nodes;
    const start = Math.floor(this.random() * nodes.length);
    let best = nodes[start]!;
    let bestRank = Number.POSITIVE_INFINITY;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let step = 0; step < nodes.length; step++) {
      const node = nodes[(start + step) % nodes.length]!;
      const isOut = node.pausedUntil > now || node.outlier.share(now) === 0;
      const rank = isOut ? 2 : this.#avoid.includes(node.instance.id) ? 1 : 0;
      const cost = node.cost(now);
      if (rank > bestRank || (rank === bestRank && cost >= bestCost)) continue;
      best = node;
      bestRank = rank;
      bestCost = cost;
    }
    return best;
  }
}

function sameEndpoints(a: Instance, b: Instance): boolean {
  const keys = Object.keys(a.endpoints);
  return keys.length === Object.keys(b.endpoints).length && keys.every((key) => a.endpoints[key] === b.endpoints[key]);
}
