import type { CallHead } from '../../call/index.ts';
import type { Choice, Gate } from './choice.ts';
import { type GuardedBalancer, type GuardedBalancerOptions, guardedBalancer } from './guarded-balancer.ts';
import { P2cNode, type Typical } from './p2c-node.ts';

export interface P2cOptions extends GuardedBalancerOptions {}
export interface P2cBalancer extends GuardedBalancer {}

/**
 * Power of two choices: of two instances drawn by chance it takes the one with the lower expected wait,
 * `(in flight + 1) × peak EWMA latency ÷ weight ÷ share of answers that were no failure`. The peak takes a slower answer at
 * once and forgets it over ten seconds, so a slow instance gets close to nothing; it is tried again after ten seconds
 * without a call. One that fails quickly does not win by it. Not drawn are:
 *
 * - an instance that was `unavailable`: for 1 s (doubling to 30 s), then one call tries it;
 * - one that is ejected (`outlierDetector`): it fails more, or is much slower, than the others;
 * - a new or returned one, with the share that it lacks: it starts with 10 % and has all of it after 10 s;
 * - one that the caller avoids. If nothing else is left, these are taken first, then all the others.
 *
 * Knows nothing of lanes: see `laneBalancer`, which resolvers put before it.
 */
export function p2cBalancer(options: P2cOptions = {}): P2cBalancer {
  const typical: Typical = { latencyMs: 1 };
  return guardedBalancer(
    {
      name: 'p2cBalancer',
      makeNode: (instance, outlier, health, now) => new P2cNode(instance, outlier, health, typical, now),
      choice: new P2cChoice(),
    },
    options,
  );
}

/** A cost that is less than a tenth lower is no reason: who called one at a time would never go back to the other node. */
const noise = 0.9;

export class P2cChoice<N extends P2cNode> implements Choice<N> {
  #nodes: readonly N[] = [];

  update(nodes: readonly N[]): void {
    this.#nodes = nodes;
  }

  choose(_head: CallHead, gate: Gate): N | undefined {
    const { now } = gate;
    const a = this.#draw(gate, undefined);
    if (a === undefined || a.mustBeTried(now)) return a;
    const b = this.#draw(gate, a);
    if (b === undefined) return a;
    return b.mustBeTried(now) || b.cost(now) < a.cost(now) * noise ? b : a;
  }

  /** The first from a place drawn by chance that may be used, without `other`. */
  #draw(gate: Gate, other: N | undefined): N | undefined {
    const nodes = this.#nodes;
    const count = nodes.length;
    const start = Math.floor(gate.random() * count);
    for (let step = 0; step < count; step++) {
      const node = nodes[(start + step) % count]!;
      if (node !== other && gate.passes(node)) return node;
    }
    return undefined;
  }
}
