import type { CallHead } from '../../call/index.ts';
import type { BalancedNode } from './balanced-node.ts';

/** Who of a pool may get the call that is being placed: set anew for each, so that placing one allocates nothing. */
export interface Gate {
  readonly now: number;
  readonly random: () => number;
  /** How many may get calls now, or ought to be tried; all in a panic. At least 1. */
  readonly usable: number;
  /** All nodes pass, and none is ejected: there is nothing to ask of them. */
  readonly isOpen: boolean;
  /** What it gets of what is usual for it: 0 where it rests, is ejected or is avoided, less than 1 where it starts slowly. */
  shareOf(node: BalancedNode): number;
  /** By chance, as often as its share says. */
  passes(node: BalancedNode): boolean;
}

/** How a balancer chooses among nodes that are alike. One for each pool. What it keeps of nodes it keeps by object. */
export interface Choice<N extends BalancedNode> {
  /** A new list, without those of weight 0. Nodes that stayed are the same objects as before. */
  update(nodes: readonly N[], gate: Gate): void;
  /** The node for this call; undefined where the gate lets none pass. Called with two nodes or more. */
  choose(head: CallHead, gate: Gate): N | undefined;
}
