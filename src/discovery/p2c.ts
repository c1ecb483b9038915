import type { CallHead, Outcome } from '../call/index.ts';
import { type Clock, systemClock } from '../concurrency/index.ts';
import {
  type OutlierDetector,
  type OutlierEvent,
  type OutlierOptions,
  type OutlierSnapshot,
  outlierDetector,
} from '../guard/index.ts';
import { guardDefaults } from '../service/index.ts';
import type { Balancer, Pick } from './balancer.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { P2cNode, type Typical } from './p2c-node.ts';
import type { Instance, Snapshot } from './registry.ts';

export interface P2cOptions {
  /** A number from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** When a node is ejected, and how it comes back. Default of each: `guardDefaults.outlier`. */
  readonly outlier?: Partial<OutlierOptions>;
  /** Hears of each ejection and return, at once. Must not throw. Default: nobody. */
  readonly onOutlier?: (event: OutlierEvent) => void;
}

export interface P2cBalancer extends Balancer {
  readonly ejected: number;
  /** Changes some options of outlier ejection at once. Throws a RangeError that names the option. */
  configure(change: Partial<OutlierOptions>): void;
  applySettings(settings: Partial<OutlierOptions>): void;
  /** The groups that are compared, by lane. */
  snapshot(): Readonly<Record<string, OutlierSnapshot>>;
}

/**
 * Power of two choices: of two instances drawn by chance it takes the one with the lower expected wait,
 * `(in flight + 1) × peak EWMA latency ÷ weight ÷ share of answers that were no failure`. The peak takes a slower answer at
 * once and forgets it over ten seconds, so a slow instance gets close to nothing; it is tried again after ten seconds
 * without a call. One that fails quickly does not win by it. Not drawn are:
 *
 * - an instance that was `unavailable`: for 1 s (doubling to 30 s), then one call tries it;
 * - one that is ejected (`outlierDetector`): it fails more, or is much slower, than the others of its lane;
 * - a new or returned one, with the share that it lacks: it starts with 10 % and has all of it after 10 s;
 * - one that the caller avoids. If nothing else is left, these are taken first, then all the others.
 *
 * A call with a lane goes to that lane's instances where there are any, otherwise, as one without a lane, to the baseline.
 */
export function p2cBalancer(options: P2cOptions = {}): P2cBalancer {
  return new P2c(options);
}

/** The instances of one lane: alike, so that they can be compared. */
interface Pool {
  readonly nodes: P2cNode[];
  readonly outliers: OutlierDetector;
}

/** A cost that is less than a tenth lower is no reason: who called one at a time would never go back to the other node. */
const noise = 0.9;
const nobody: readonly string[] = [];

class P2c implements P2cBalancer {
  readonly #random: () => number;
  readonly #clock: Clock;
  readonly #onOutlier: ((event: OutlierEvent) => void) | undefined;
  readonly #made: OutlierOptions;
  #outlier: OutlierOptions;
  #service = '';
  #pools = new Map<string, Pool>();
  readonly #typical: Typical = { latencyMs: 1 };

  constructor({ random = Math.random, clock = systemClock, outlier, onOutlier }: P2cOptions) {
    this.#random = random;
    this.#clock = clock;
    this.#made = { ...guardDefaults.outlier, ...outlier };
    this.#outlier = this.#made;
    this.#onOutlier = onOutlier;
    this.#detector();
  }

  get ejected(): number {
    let ejected = 0;
    for (const { outliers } of this.#pools.values()) ejected += outliers.ejected;
    return ejected;
  }

  update({ service, instances }: Snapshot): void {
    this.#service = service;
    const before = this.#pools;
    this.#pools = new Map();
    for (const [lane, members] of byLane(instances)) this.#pools.set(lane, this.#pool(before.get(lane), members));
  }

  pick(head: CallHead, avoid: readonly string[] = nobody): Pick {
    const pool = this.#pools.get(head.fields.lane) ?? this.#pools.get('');
    const now = this.#clock.now();
    const node = pool === undefined ? undefined : this.#choose(pool.nodes, avoid, now);
    if (node === undefined) throw this.#nobody(head);
    return new Picked(node, this.#clock, node.begin(now));
  }

  configure(change: Partial<OutlierOptions>): void {
    const changed = { ...this.#outlier, ...change };
    outlierDetector(changed);
    this.#outlier = changed;
    for (const { outliers } of this.#pools.values()) outliers.configure(change);
  }

  applySettings(settings: Partial<OutlierOptions>): void {
    this.configure({ ...this.#made, ...settings });
  }

  snapshot(): Readonly<Record<string, OutlierSnapshot>> {
    return Object.fromEntries(Array.from(this.#pools, ([lane, { outliers }]) => [lane, outliers.snapshot()]));
  }

  /** Keeps the nodes whose instances we know; a restarted one under the same id starts afresh. */
  #pool(before: Pool | undefined, members: readonly Instance[]): Pool {
    const now = this.#clock.now();
    const outliers = before?.outliers ?? this.#detector();
    const known = new Map(before?.nodes.map((node) => [node.instance.id, node]));
    const kept = new Map<Instance, P2cNode>();
    for (const instance of members) {
      const node = known.get(instance.id);
      if (node === undefined || !sameEndpoints(node.instance, instance)) continue;
      known.delete(instance.id);
      node.instance = instance;
      kept.set(instance, node);
    }
    for (const gone of known.values()) outliers.remove(gone.outlier);
    // Beside others that are new as well nobody has to start slowly.
    const isNew = kept.size > 0;
    const nodes = members.map(
      (instance) =>
        kept.get(instance) ?? new P2cNode(instance, outliers.add(instance.id, now, isNew), this.#typical, now),
    );
    return { nodes, outliers };
  }

  #detector(): OutlierDetector {
    const onEvent = this.#onOutlier;
    return outlierDetector({ ...this.#outlier, random: this.#random, ...(onEvent === undefined ? {} : { onEvent }) });
  }

  #choose(nodes: readonly P2cNode[], avoid: readonly string[], now: number): P2cNode | undefined {
    const count = nodes.length;
    if (count < 2) return nodes[0];
    const start = Math.floor(this.#random() * count);
    const a = this.#draw(nodes, start, avoid, now, undefined);
    if (a === undefined) return leastBad(nodes, start, avoid, now);
    if (a.mustBeTried(now)) return a;
    const b = this.#draw(nodes, Math.floor(this.#random() * count), avoid, now, a);
    if (b === undefined) return a;
    return b.mustBeTried(now) || b.cost(now) < a.cost(now) * noise ? b : a;
  }

  /** The first from `start` on that may be used, without `other`. */
  #draw(
    nodes: readonly P2cNode[],
    start: number,
    avoid: readonly string[],
    now: number,
    other: P2cNode | undefined,
  ): P2cNode | undefined {
    const count = nodes.length;
    for (let step = 0; step < count; step++) {
      const node = nodes[(start + step) % count]!;
      if (node === other || node.isPaused(now)) continue;
      if (avoid.length > 0 && avoid.includes(node.instance.id)) continue;
      const share = node.outlier.share(now);
      if (share === 1 || (share === 0 ? node.outlier.isDue(now) : this.#random() < share)) return node;
    }
    return undefined;
  }

  #nobody({ fields: { lane } }: CallHead): Error {
    const service = this.#service;
    const lanes = [...this.#pools.keys()].map((name) => `"${name}"`).join(', ');
    const known = lanes === '' ? '' : ` in lane "${lane}" or the baseline (there are some in ${lanes})`;
    return DiscoveryErrors.NO_INSTANCES(`no instance of "${service}"${known}`, { metadata: { target: service } });
  }
}

class Picked implements Pick {
  readonly node: Instance;
  readonly #of: P2cNode;
  readonly #clock: Clock;
  readonly #isProbe: boolean;
  #ended = false;

  constructor(of: P2cNode, clock: Clock, isProbe: boolean) {
    this.node = of.instance;
    this.#of = of;
    this.#clock = clock;
    this.#isProbe = isProbe;
  }

  /** Also taken out of its object: `const { node, done } = …`. */
  readonly done = (outcome: Outcome): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#of.end(outcome, this.#clock.now(), this.#isProbe);
  };
}

/** Where chance or the caller spared all of them: one that starts slowly, else one that is avoided, else any. */
function leastBad(nodes: readonly P2cNode[], start: number, avoid: readonly string[], now: number): P2cNode {
  let best = nodes[start]!;
  let bestRank = Number.POSITIVE_INFINITY;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let step = 0; step < nodes.length; step++) {
    const node = nodes[(start + step) % nodes.length]!;
    const isOut = node.isPaused(now) || node.outlier.share(now) === 0;
    const rank = isOut ? 2 : avoid.includes(node.instance.id) ? 1 : 0;
    const cost = node.cost(now);
    if (rank > bestRank || (rank === bestRank && cost >= bestCost)) continue;
    best = node;
    bestRank = rank;
    bestCost = cost;
  }
  return best;
}

function byLane(instances: readonly Instance[]): Map<string, Instance[]> {
  const lanes = new Map<string, Instance[]>();
  for (const instance of instances) {
    if (instance.weight === 0) continue;
    const lane = lanes.get(instance.lane);
    if (lane === undefined) lanes.set(instance.lane, [instance]);
    else lane.push(instance);
  }
  return lanes;
}

function sameEndpoints(a: Instance, b: Instance): boolean {
  const keys = Object.keys(a.endpoints);
  return keys.length === Object.keys(b.endpoints).length && keys.every((key) => a.endpoints[key] === b.endpoints[key]);
}
