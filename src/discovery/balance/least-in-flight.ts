import type { CallHead } from '../../call/index.ts';
import type { MakeBalancer } from '../balancer.ts';
import { BalancedNode } from './balanced-node.ts';
import type { Choice, Gate } from './choice.ts';
import { type GuardedBalancerOptions, guardedBalancer } from './guarded-balancer.ts';

/**
 * The instance with the fewest calls of this client under way, by weight: `(in flight + 1) ÷ weight`; of equals one by chance.
 * It looks at all of them, where p2c looks at two. For few instances and calls whose costs are far apart, streams above all,
 * whose latency says nothing. One that fails at once looks idle until it is ejected; p2c sees through that sooner.
 */
export function leastInFlight(options: GuardedBalancerOptions = {}): MakeBalancer {
  return (hooks) =>
    guardedBalancer(
      {
        name: 'leastInFlight',
        makeNode: (instance, outlier, health) => new BalancedNode(instance, outlier, health),
        choice: new LeastInFlight(),
      },
      { ...hooks, ...options },
    );
}

class LeastInFlight implements Choice<BalancedNode> {
  #nodes: readonly BalancedNode[] = [];
  #totalWeight = 0;
  #least = 0;

  update(nodes: readonly BalancedNode[]): void {
    this.#nodes = nodes;
    let greatest = 0;
    this.#totalWeight = 0;
    for (const { instance } of nodes) {
      this.#totalWeight += instance.weight;
      greatest = Math.max(greatest, instance.weight);
    }
    this.#least = 1 / greatest;
  }

  choose(_head: CallHead, gate: Gate): BalancedNode | undefined {
    const nodes = this.#nodes;
    const count = nodes.length;
    // From a place drawn by chance on: else the first of those that have nothing to do would get all.
    const start = Math.floor(gate.random() * count);
    if (this.#mayStart(nodes[start]!, gate)) return nodes[start];
    let best: BalancedNode | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let step = 0; step < count; step++) {
      const node = nodes[start + step < count ? start + step : start + step - count]!;
      const cost = node.cost(gate.now);
      if (cost >= bestCost || gate.shareOf(node) < 1) continue;
      best = node;
      bestCost = cost;
      if (cost === this.#least) break;
    }
    return best;
  }

  /**
   * One that starts slowly looks idle, and would be flooded: it gets its part of what is usual for it, by chance, and only
   * while it has no more under way than another one.
   */
  #mayStart(node: BalancedNode, gate: Gate): boolean {
    const share = gate.shareOf(node);
    if (share === 0 || share === 1) return false;
    const count = this.#nodes.length;
    if (gate.random() * this.#totalWeight >= share * node.instance.weight * count) return false;
    const other = this.#nodes[Math.floor(gate.random() * count)]!;
    return node.cost(gate.now) <= other.cost(gate.now);
  }
}
