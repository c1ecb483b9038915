import type { Outcome } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { type OutlierNode, unsentBy } from '../../guard/index.ts';
import type { Instance } from '../registry.ts';

/** A node that did not answer is left alone this long, doubled for each failure in a row. */
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

/** What a node tells its pool: that it fails, or no longer does. */
export interface PoolHealth {
  /** Set where who is well may have changed. */
  isStale: boolean;
  /** As counted last: no node rests, is ejected or starts slowly. False where nobody counts. */
  readonly hasAllIn: boolean;
}

/** What a balancer knows of one instance; those that learn more of it extend it. */
export class BalancedNode {
  instance: Instance;
  readonly outlier: OutlierNode;
  /** Calls that went to it and have not ended. */
  inFlight = 0;
  /** It rests until then; in the past: it does not. */
  pausedUntil = 0;
  /** It rests because it could not be reached or takes no calls: sending it more helps nobody, however few others are left. */
  isUnreachable = false;
  /** In a row: how often it was `unavailable`. */
  #failures = 0;
  readonly #health: PoolHealth;

  constructor(instance: Instance, outlier: OutlierNode, health: PoolHealth) {
    this.instance = instance;
    this.outlier = outlier;
    this.#health = health;
  }

  /** A call goes to it. Returns whether that is the one that tries whether an ejected node may come back. */
  begin(now: number): boolean {
    this.inFlight++;
    // One try at a time for a node that failed: the others wait until this one has ended or the pause has passed again.
    if (this.#failures > 0) this.#pause(now);
    if (this.#health.hasAllIn) return false;
    const isProbe = this.outlier.isDue(now);
    if (isProbe) {
      this.outlier.claim(now);
      this.#health.isStale = true;
    }
    return isProbe;
  }

  end(outcome: Outcome, now: number, isProbe: boolean): void {
    this.inFlight--;
    const { error } = outcome;
    if (isProbe) {
      this.outlier.settle(outcome, now);
      this.#health.isStale = true;
    }
    // A pause is enough for what cannot be reached: trying it is cheap, and the registry drops it if it is gone.
    else if (error?.reason !== 'CONNECT_FAILED') this.outlier.record(outcome, now);
    if (error !== undefined && isGone(error)) {
      const isUnreachable = error.reason === 'CONNECT_FAILED' || unsentBy(error) !== undefined;
      if (isUnreachable !== this.isUnreachable) this.#health.isStale = true;
      this.isUnreachable = isUnreachable;
      this.#failures++;
      this.#pause(now);
    } else if (this.#failures > 0 && error?.code !== 'canceled' && error?.code !== 'deadline_exceeded') {
      // A caller that gave up would prove nothing about a node that could not be reached.
      this.#failures = 0;
      this.isUnreachable = false;
      this.pausedUntil = 0;
      this.#health.isStale = true;
    }
  }

  /** The expected wait, to compare nodes where none of them is good: here, by calls under way and weight. */
  cost(_now: number): number {
    return (this.inFlight + 1) / this.instance.weight;
  }

  #pause(now: number): void {
    // One that rests already goes on resting: while many fail, nobody is counted anew for each of their calls.
    if (this.pausedUntil <= now) this.#health.isStale = true;
    this.pausedUntil = now + Math.min(firstPauseMs * 2 ** (this.#failures - 1), maxPauseMs);
  }
}

/** The node did not answer, or said that it will not; one that says that it is overloaded still serves what it can. */
export function isGone({ code, reason }: StatusError): boolean {
  return code === 'unavailable' && reason !== 'OVERLOADED';
}
