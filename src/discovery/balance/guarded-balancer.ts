import type { CallHead, Outcome } from '../../call/index.ts';
import { type Clock, systemClock } from '../../concurrency/index.ts';
import {
  type OutlierDetector,
  type OutlierEvent,
  type OutlierNode,
  type OutlierOptions,
  type OutlierSnapshot,
  outlierDetector,
} from '../../guard/index.ts';
import { guardDefaults } from '../../service/index.ts';
import type { Balancer, BalancerHooks, Pick } from '../balancer.ts';
import { DiscoveryErrors } from '../discovery-errors.ts';
import type { Instance, Snapshot } from '../registry.ts';
import type { BalancedNode, PoolHealth } from './balanced-node.ts';
import type { Choice } from './choice.ts';
import { Pool } from './pool.ts';

/** What every balancer that chooses a node by itself takes. */
export interface GuardedBalancerOptions extends Partial<BalancerHooks> {
  /**
   * A panic: where fewer than this share of the nodes are well, 0 to 1, those that answer badly are used as well, since the
   * few others could not take it all. Those that cannot be reached or take no calls count neither way. Default: 0.5.
   */
  readonly panicBelow?: number;
}

/** A balancer that leaves alone who does not answer, ejects who is worse than the others, and lets newcomers start slowly. */
export interface GuardedBalancer extends Balancer {
  readonly ejected: number;
  readonly usable: number;
  /** Changes some options of outlier ejection at once. Throws a RangeError that names the option. */
  configure(change: Partial<OutlierOptions>): void;
  applySettings(settings: Partial<OutlierOptions>): void;
  /** The groups that are compared, by lane. */
  snapshot(): Readonly<Record<string, OutlierSnapshot>>;
}

/** What makes the difference between one balancer and another. */
export interface Strategy<N extends BalancedNode> {
  /** For messages: `roundRobin`. */
  readonly name: string;
  makeNode(instance: Instance, outlier: OutlierNode, health: PoolHealth, now: number): N;
  /** One for each lane. */
  makeChoice(): Choice<N>;
}

/** Throws a RangeError for an option that is out of its range. */
export function guardedBalancer<N extends BalancedNode>(
  strategy: Strategy<N>,
  options: GuardedBalancerOptions,
): GuardedBalancer {
  return new Guarded(strategy, options);
}

class Guarded<N extends BalancedNode> implements GuardedBalancer {
  readonly #strategy: Strategy<N>;
  readonly #random: () => number;
  readonly #clock: Clock;
  readonly #onOutlier: (event: OutlierEvent) => void;
  readonly #made: OutlierOptions;
  readonly #panicBelow: number;
  #outlier: OutlierOptions;
  #service = '';
  #pools = new Map<string, Pool<N>>();

  constructor(strategy: Strategy<N>, options: GuardedBalancerOptions) {
    const { random = Math.random, clock = systemClock, outlier, onOutlier = () => {}, panicBelow = 0.5 } = options;
    if (!(panicBelow >= 0 && panicBelow <= 1)) {
      throw new RangeError(`${strategy.name}: panicBelow is ${panicBelow}; give a number from 0 to 1`);
    }
    this.#strategy = strategy;
    this.#random = random;
    this.#clock = clock;
    this.#made = { ...guardDefaults.outlier, ...outlier };
    this.#outlier = this.#made;
    this.#onOutlier = onOutlier;
    this.#panicBelow = panicBelow;
    // Throws for what is out of its range.
    this.#detector(() => {});
  }

  get ejected(): number {
    let ejected = 0;
    for (const { outliers } of this.#pools.values()) ejected += outliers.ejected;
    return ejected;
  }

  get usable(): number {
    const now = this.#clock.now();
    let usable = 0;
    for (const pool of this.#pools.values()) usable += pool.usable(now);
    return usable;
  }

  update({ service, instances }: Snapshot): void {
    this.#service = service;
    const before = this.#pools;
    this.#pools = new Map();
    const now = this.#clock.now();
    for (const [lane, members] of byLane(instances)) {
      const pool = before.get(lane) ?? this.#makePool();
      pool.update(members, now);
      this.#pools.set(lane, pool);
    }
  }

  pick(head: CallHead, avoid?: readonly string[]): Pick {
    const pool = this.#pools.get(head.fields.lane) ?? this.#pools.get('');
    const now = this.#clock.now();
    const node = pool?.choose(head, avoid, now);
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

  #makePool(): Pool<N> {
    const { makeNode, makeChoice } = this.#strategy;
    const pool: Pool<N> = new Pool<N>({
      outliers: this.#detector((event) => {
        pool.isStale = true;
        this.#onOutlier(event);
      }),
      choice: makeChoice(),
      makeNode: (instance, health, now, isNew) =>
        makeNode(instance, health.outliers.add(instance.id, now, isNew), health, now),
      random: this.#random,
      panicBelow: this.#panicBelow,
    });
    return pool;
  }

  #detector(onEvent: (event: OutlierEvent) => void): OutlierDetector {
    return outlierDetector({ ...this.#outlier, random: this.#random, onEvent });
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
  readonly #of: BalancedNode;
  readonly #clock: Clock;
  readonly #isProbe: boolean;
  #ended = false;

  constructor(of: BalancedNode, clock: Clock, isProbe: boolean) {
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
