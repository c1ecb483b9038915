import type { CallHead } from '../../call/index.ts';
import type { MakeBalancer } from '../balancer.ts';
import { BalancedNode } from './balanced-node.ts';
import type { Choice, Gate } from './choice.ts';
import { type GuardedBalancerOptions, guardedBalancer } from './guarded-balancer.ts';

/**
 * One after the other, whatever their weights: each gets as many calls as any other. Every client begins with another one. For calls that all cost about the same, to instances on equal machines.
 */
export function roundRobin(options: GuardedBalancerOptions = {}): MakeBalancer {
  return inTurn('roundRobin', () => 1, options);
}

/**
 * One after the other by `weight`: one of weight 3 has three turns where one of weight 1 has one, spread evenly. Blind to what happens at the instances, so that what they get can be foreseen: for shares that a person decided on.
 */
export function weighted(options: GuardedBalancerOptions = {}): MakeBalancer {
  return inTurn('weighted', (node) => node.instance.weight, options);
}

class TurnNode extends BalancedNode {
  /** When its next turn is, in rounds of a node of weight 1. Undefined: it is new. */
  due: number | undefined = undefined;
}

function inTurn(name: string, weightOf: (node: TurnNode) => number, options: GuardedBalancerOptions): MakeBalancer {
  return (hooks) =>
    guardedBalancer(
      {
        name,
        makeNode: (instance, outlier, health) => new TurnNode(instance, outlier, health),
        choice: new Turns(weightOf),
      },
      { ...hooks, ...options },
    );
}

/**
 * Earliest deadline first: a node's next turn is `1 ÷ weight` after its last one. That is as smooth as the smooth weighted
 * round robin of nginx, which looks at every node for each call, and takes the logarithm of their number.
 */
class Turns implements Choice<TurnNode> {
  readonly #weightOf: (node: TurnNode) => number;
  /** A binary heap: whose turn is next stands first. */
  #heap: TurnNode[] = [];
  #time = 0;

  constructor(weightOf: (node: TurnNode) => number) {
    this.#weightOf = weightOf;
  }

  update(nodes: readonly TurnNode[], gate: Gate): void {
    for (const node of nodes) {
      // Somewhere in its first round: not all clients may begin with the same node, nor all call a new one first.
      node.due ??= this.#time + gate.random() / this.#weightOf(node);
    }
    this.#heap = [...nodes].sort((a, b) => a.due! - b.due!);
  }

  choose(_head: CallHead, gate: Gate): TurnNode | undefined {
    const heap = this.#heap;
    for (let tries = heap.length; tries > 0; tries--) {
      const node = heap[0]!;
      this.#time = node.due!;
      node.due! += 1 / this.#weightOf(node);
      sink(heap);
      // One that is passed over has had its turn: it must not have them all at once when it is back.
      if (gate.passes(node)) return node;
    }
    return undefined;
  }
}

/** Lets the first go down to its place. */
function sink(heap: TurnNode[]): void {
  const node = heap[0]!;
  const due = node.due!;
  const { length } = heap;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= length) break;
    if (child + 1 < length && heap[child + 1]!.due! < heap[child]!.due!) child++;
    if (heap[child]!.due! >= due) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = node;
}
