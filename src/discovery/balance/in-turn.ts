import type { CallHead } from '../../call/index.ts';
import type { MakeBalancer } from '../balancer.ts';
import { BalancedNode } from './balanced-node.ts';
import type { Choice, Gate } from './choice.ts';
import { type GuardedBalancerOptions, guardedBalancer } from './guarded-balancer.ts';

/**
 * One after the other, whatever their weights: each gets as many calls as any other. Every client begins with another one.
 * For calls that all cost about the same, to instances on equal machines.
 */
export function roundRobin(options: GuardedBalancerOptions = {}): MakeBalancer {
  return inTurn('roundRobin', () => 1, options);
}

/**
 * One after the other by `weight`: one of weight 3 has three turns where one of weight 1 has one, spread evenly. Blind to
 * what happens at the instances, so that what they get can be foreseen: for shares that a person decided on.
 */
export function weighted(options: GuardedBalancerOptions = {}): MakeBalancer {
  return inTurn('weighted', (node) => node.instance.weight, options);
}

class TurnNode extends BalancedNode {
  /** When its next turn is, in rounds of a node of weight 1. Undefined: it is new. */
  due: number | undefined = undefined;
  /** By which that was reckoned. */
  weight = 1;
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
  /** Those that this call has passed over. */
  readonly #aside: TurnNode[] = [];
  #time = 0;

  constructor(weightOf: (node: TurnNode) => number) {
    this.#weightOf = weightOf;
  }

  update(nodes: readonly TurnNode[], gate: Gate): void {
    for (const node of nodes) {
      const weight = this.#weightOf(node);
      // Somewhere in its first round: not all clients may begin with the same node, nor all call a new one first.
      if (node.due === undefined) node.due = this.#time + gate.random() / weight;
      else if (weight !== node.weight) node.due = this.#time + ((node.due - this.#time) * node.weight) / weight;
      node.weight = weight;
    }
    this.#heap = [...nodes].sort((a, b) => a.due! - b.due!);
  }

  choose(_head: CallHead, gate: Gate): TurnNode | undefined {
    const heap = this.#heap;
    const aside = this.#aside;
    let chosen: TurnNode | undefined;
    while (chosen === undefined && heap.length > 0) {
      const node = heap[0]!;
      this.#time = Math.max(this.#time, node.due!);
      node.due! += 1 / node.weight;
      if (gate.passes(node)) {
        sink(heap);
        chosen = node;
      } else {
        // Once for each call: a heavy one that is ill must not use up the turns that others would be asked in.
        aside.push(node);
        dropFirst(heap);
      }
    }
    for (const node of aside) {
      // One that is passed over has had its turns: it must not have them all at once when it is back.
      node.due = Math.max(node.due!, this.#time);
      add(heap, node);
    }
    aside.length = 0;
    return chosen;
  }
}

function dropFirst(heap: TurnNode[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = last;
  sink(heap);
}

function add(heap: TurnNode[], node: TurnNode): void {
  let hole = heap.push(node) - 1;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    if (heap[parent]!.due! <= node.due!) break;
    heap[hole] = heap[parent]!;
    hole = parent;
  }
  heap[hole] = node;
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
