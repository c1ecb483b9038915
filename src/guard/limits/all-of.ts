import type { CallHead, Outcome, Permit, QuotaState, Rejection } from '../../call/index.ts';
import type { NamedLimiter } from './limiter.ts';
import { sharedPermit } from './metered-limit.ts';

/** Several limits as one. */
export interface SeveralLimits extends NamedLimiter {
  readonly limits: readonly NamedLimiter[];
}

/**
 * Several limits of one call: it passes if all admit it. They are asked in order; when one refuses, those before it get
 * back what they gave, so a call that was refused has cost nothing anywhere. Put the cheap ones, and those that refuse
 * most, first. Of what they tell, the caller hears of the limit that has least left, by its share.
 */
export function allOf(name: string, limits: readonly NamedLimiter[]): SeveralLimits {
  return new AllOf(name, limits);
}

class AllOf implements SeveralLimits {
  readonly name: string;
  readonly limits: readonly NamedLimiter[];

  constructor(name: string, limits: readonly NamedLimiter[]) {
    if (limits.length === 0) throw new RangeError(`allOf: ${name} has no limits; give at least one`);
    this.name = name;
    this.limits = limits;
  }

  acquire(head: CallHead, cost?: number): Permit | Rejection {
    let all: Permit = sharedPermit;
    for (let i = 0; i < this.limits.length; i++) {
      const decision = this.limits[i]!.acquire(head, cost);
      if (!decision.admitted) {
        for (let taken = i - 1; taken >= 0; taken--) this.limits[taken]!.giveBack(head, cost);
        return decision;
      }
      if (decision !== sharedPermit) all = all === sharedPermit ? decision : new BothPermits(all, decision);
    }
    return all;
  }

  giveBack(head: CallHead, cost?: number): void {
    for (const limit of this.limits) limit.giveBack(head, cost);
  }
}

class BothPermits implements Permit {
  readonly admitted = true;
  readonly quota: QuotaState | undefined;
  readonly #first: Permit;
  readonly #second: Permit;

  constructor(first: Permit, second: Permit) {
    this.#first = first;
    this.#second = second;
    this.quota = scarcer(first.quota, second.quota);
  }

  done(outcome: Outcome): void {
    this.#first.done(outcome);
    this.#second.done(outcome);
  }
}

function scarcer(a: QuotaState | undefined, b: QuotaState | undefined): QuotaState | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.remaining / a.limit <= b.remaining / b.limit ? a : b;
}
