import type { CallHead, Outcome } from '../call/index.ts';
import type { Clock } from '../concurrency/index.ts';
import type { OutlierEvent, OutlierOptions } from '../guard/index.ts';
import type { Instance, Snapshot } from './registry.ts';

/** The instance that a call goes to. */
export interface Pick {
  readonly node: Instance;
  /**
   * Tells how the call ended; calls after the first are ignored. `durationMs` is what the balancer learns from: for a
   * stream give the time to its first message, since its length says nothing about the node.
   */
  done(outcome: Outcome): void;
}

/** Chooses among the instances of one service. Pure: no I/O, and time and chance are given to it. */
export interface Balancer {
  /** Takes a new list. What it learned of the instances that stay is kept. */
  update(snapshot: Snapshot): void;
  /**
   * Throws `unavailable` NO_INSTANCES if there is none. Never waits. `avoid` are ids of instances that earlier tries of the
   * same call went to: another one is taken where there is any that can serve. Default: none.
   */
  pick(head: CallHead, avoid?: readonly string[]): Pick;
  /** Instances that get no calls now because they are worse than the others. Default: it ejects none. */
  readonly ejected?: number;
  /** Instances that calls may go to now, or that ought to be tried; the others rest or are ejected. Default: all are. */
  readonly usable?: number;
  /** Instances that calls may go to while the list stays as it is: to be connected to. Default: all of weight above 0. */
  readonly nodes?: readonly Instance[];
  /**
   * What the configuration says of outlier ejection, in place of what it said before; the rest is as it was made. Throws a
   * RangeError that names the option. Default: nothing can be changed.
   */
  applySettings?(settings: Partial<OutlierOptions>): void;
}

/** What a resolver gives to the maker of a balancer. */
export interface BalancerHooks {
  readonly clock: Clock;
  /** Hears of each ejection and return, at once, for the log and metrics. Must not throw. */
  readonly onOutlier: (event: OutlierEvent) => void;
  /** When a node is ejected, how it comes back, how a new one starts. Default of each: `guardDefaults.outlier`. */
  readonly outlier?: Partial<OutlierOptions>;
  /** Numbers from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
}

/** Makes the balancer of one target: what `roundRobin()`, `hashed({ key })` and the like give. */
export type MakeBalancer = (hooks: BalancerHooks) => Balancer;
