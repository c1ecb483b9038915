import type { CallHead } from '../../call/index.ts';
import type { Choice, Gate } from './choice.ts';
import { type GuardedBalancer, type GuardedBalancerOptions, guardedBalancer } from './guarded-balancer.ts';
import { costOf, isForgotten, P2cNode, rowWidth, type Typical } from './p2c-node.ts';

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
  #rows = new Float64Array(0);
  #typical: Typical = { latencyMs: 1 };

  update(nodes: readonly N[]): void {
    this.#nodes = nodes;
    this.#rows = new Float64Array(nodes.length * rowWidth);
    for (const [index, node] of nodes.entries()) node.moveTo(this.#rows, index * rowWidth);
    this.#typical = nodes[0]?.typical ?? this.#typical;
  }

  choose(_head: CallHead, gate: Gate): N | undefined {
    return gate.isOpen ? this.#chooseByRows(gate) : this.#chooseByNodes(gate);
  }

  /** As `#chooseByNodes` where all nodes pass: of the nodes no more is looked at than their rows. */
  #chooseByRows({ random, now }: Gate): N | undefined {
    const nodes = this.#nodes;
    const rows = this.#rows;
    const count = nodes.length;
    const first = Math.floor(random() * count);
    const a = first * rowWidth;
    if (isForgotten(rows, a, now)) return nodes[first];
    let second = Math.floor(random() * count);
    if (second === first) second = second + 1 === count ? 0 : second + 1;
    const b = second * rowWidth;
    if (isForgotten(rows, b, now)) return nodes[second];
    const typical = this.#typical;
    return nodes[costOf(rows, b, typical, now) < costOf(rows, a, typical, now) * noise ? second : first];
  }

  #chooseByNodes(gate: Gate): N | undefined {
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
