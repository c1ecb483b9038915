import type { CallHead, Outcome } from '../../call/index.ts';
import { type Clock, turnClock } from '../../concurrency/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { type OutlierDetector, type OutlierOptions, type OutlierSnapshot, outlierDetector } from '../../guard/index.ts';
import { guardDefaults } from '../../service/index.ts';
import type { Balancer, BalancerHooks, Pick } from '../balancer.ts';
import { DiscoveryErrors } from '../discovery-errors.ts';
import type { Instance, Snapshot } from '../registry.ts';
import type { BalancedNode } from './balanced-node.ts';
import type { Choice } from './choice.ts';
import { type MakeNode, Pool } from './pool.ts';

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
  /** What is known of the instances that are compared. */
  snapshot(): OutlierSnapshot;
}

/** What makes the difference between one balancer and another. */
export interface Strategy<N extends BalancedNode> {
  /** For messages: `roundRobin`. */
  readonly name: string;
  readonly makeNode: MakeNode<N>;
  readonly choice: Choice<N>;
}

/** Throws a RangeError for an option that is out of its range. */
export function guardedBalancer<N extends BalancedNode>(
  strategy: Strategy<N>,
  options: GuardedBalancerOptions,
): GuardedBalancer {
  return new Guarded(strategy, options);
}

class Guarded<N extends BalancedNode> implements GuardedBalancer {
  readonly #clock: Clock;
  readonly #made: OutlierOptions;
  readonly #outliers: OutlierDetector;
  readonly #pool: Pool<N>;
  #service = '';

  constructor({ name, makeNode, choice }: Strategy<N>, options: GuardedBalancerOptions) {
    const { random = Math.random, clock = turnClock, outlier, onOutlier = () => {}, panicBelow = 0.5 } = options;
    if (!(panicBelow >= 0 && panicBelow <= 1)) {
      throw new RangeError(`${name}: panicBelow is ${panicBelow}; give a number from 0 to 1`);
    }
    this.#clock = clock;
    this.#made = { ...guardDefaults.outlier, ...outlier };
    this.#outliers = outlierDetector({
      ...this.#made,
      random,
      onEvent: (event) => {
        this.#pool.isStale = true;
        onOutlier(event);
      },
    });
    this.#pool = new Pool({ outliers: this.#outliers, choice, makeNode, random, panicBelow });
  }

  get ejected(): number {
    return this.#outliers.ejected;
  }

  get usable(): number {
    return this.#pool.well(this.#clock.now());
  }

  update({ service, instances }: Snapshot): void {
    this.#service = service;
    this.#pool.update(
      instances.filter(({ weight }) => weight > 0),
      this.#clock.now(),
    );
  }

  pick(head: CallHead, avoid?: readonly string[]): Pick {
    const now = this.#clock.now();
    const node = this.#pool.choose(head, avoid, now);
    if (node === undefined) throw noInstances(this.#service);
    return new Picked(node, this.#clock, node.begin(now));
  }

  configure(change: Partial<OutlierOptions>): void {
    this.#outliers.configure(change);
  }

  applySettings(settings: Partial<OutlierOptions>): void {
    this.configure({ ...this.#made, ...settings });
  }

  snapshot(): OutlierSnapshot {
    return this.#outliers.snapshot();
  }
}

/** What a balancer throws that has nobody. */
export function noInstances(service: string): StatusError {
  return DiscoveryErrors.NO_INSTANCES(`no instance of "${service}"`, { metadata: { target: service } });
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
