import type { Outcome, Rejection } from '../../call/index.ts';
import { type Clock, turnClock } from '../../concurrency/index.ts';
import { checkRange } from '../check-option.ts';
import { GuardErrors } from '../guard-errors.ts';
import type { Breaker, BreakerSnapshot, BreakerState, Ticket } from './breaker.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** How long a breaker stays open, and how it closes again. */
export interface HalfOpenOptions {
  /** How long it stays open for the first time; doubled each time that probes fail. Default: 1,000. */
  readonly openMs?: number;
  /** The longest it stays open. Default: 30,000. */
  readonly maxOpenMs?: number;
  /** Calls that may be under way at once while it is half open; as many must succeed to close it. Default: 1. */
  readonly probes?: number;
  /** Named in the error. Default: 'the dependency'. */
  readonly name?: string;
  readonly clock?: Clock;
  /** Spreads the end of the open time over its last fifth, so that callers do not probe together. Default: Math.random. */
  readonly random?: () => number;
}

/** When a closed breaker opens: what tells the kinds apart. */
export interface TripRule {
  readonly kind: 'consecutive' | 'ratio';
  readonly calls: number;
  readonly failures: number;
  /** Takes an outcome. True: open. */
  note(isFailure: boolean): boolean;
  reset(): void;
}

/**
 * closed → open (the rule says so) → half open (the time is over, seen by the next call) → closed (`probes` successes) or
 * open for twice as long (a failed probe). A ticket belongs to the state in which it was given: what an older call ends
 * with changes nothing.
 */
export class HalfOpenBreaker {
  readonly #rule: TripRule;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #rejection: Rejection;
  #openMs = 1_000;
  #maxOpenMs = 30_000;
  #probes = 1;
  #state: BreakerState = 'closed';
  /** All calls of one state share it. */
  #ticket: Ticket;
  #openUntil = 0;
  /** In a row. */
  #openings = 0;
  #probing = 0;
  #succeeded = 0;

  constructor(rule: TripRule, options: HalfOpenOptions) {
    const { clock = turnClock, random = Math.random, name = 'the dependency' } = options;
    this.#rule = rule;
    this.#clock = clock;
    this.#random = random;
    this.#rejection = {
      admitted: false,
      error: GuardErrors.BREAKER_OPEN(`calls to ${name} keep failing; this one was not sent`),
    };
    this.#ticket = new StateTicket(this);
    this.configure(options);
  }

  allow(): Ticket | Rejection {
    if (this.#state === 'closed') return this.#ticket;
    if (this.#state === 'open') {
      if (this.#clock.now() < this.#openUntil) return this.#rejection;
      this.#enter('half_open');
    }
    if (this.#probing + this.#succeeded >= this.#probes) return this.#rejection;
    this.#probing++;
    return this.#ticket;
  }

  configure(change: Partial<HalfOpenOptions>): void {
    const { openMs = this.#openMs, maxOpenMs = this.#maxOpenMs, probes = this.#probes } = change;
    checkRange('breaker', 'openMs', openMs, 1, 3_600_000);
    checkRange('breaker', 'maxOpenMs', maxOpenMs, openMs, 3_600_000);
    checkRange('breaker', 'probes', probes, 1, 1_000);
    this.#openMs = openMs;
    this.#maxOpenMs = maxOpenMs;
    this.#probes = probes;
  }

  snapshot(): BreakerSnapshot {
    const isDue = this.#state === 'open' && this.#clock.now() >= this.#openUntil;
    const { kind, calls, failures } = this.#rule;
    const state = isDue ? 'half_open' : this.#state;
    return { kind, state, refusedShare: state === 'closed' ? 0 : 1, calls, failures };
  }

  /** For its tickets. */
  note(ticket: Ticket, verdict: Verdict): void {
    if (ticket !== this.#ticket) return;
    if (this.#state === 'closed') {
      if (verdict !== 'neither' && this.#rule.note(verdict === 'failure')) this.#open();
      return;
    }
    this.#probing--;
    if (verdict === 'failure') this.#open();
    else if (verdict === 'success' && ++this.#succeeded >= this.#probes) this.#close();
  }

  #open(): void {
    const ms = Math.min(this.#maxOpenMs, this.#openMs * 2 ** Math.min(this.#openings, 40));
    this.#openings++;
    this.#openUntil = this.#clock.now() + ms * (1 - this.#random() * 0.2);
    this.#enter('open');
  }

  #close(): void {
    this.#openings = 0;
    this.#rule.reset();
    this.#enter('closed');
  }

  #enter(state: BreakerState): void {
    this.#state = state;
    this.#ticket = new StateTicket(this);
    this.#probing = 0;
    this.#succeeded = 0;
  }
}

class StateTicket implements Ticket {
  readonly admitted = true;
  readonly #breaker: HalfOpenBreaker;

  constructor(breaker: HalfOpenBreaker) {
    this.#breaker = breaker;
  }

  done({ error }: Outcome): void {
    this.#breaker.note(this, verdictOf(error));
  }
}

/** A breaker of this rule whose options are those of the rule and those above. */
export function halfOpenBreaker<O extends HalfOpenOptions>(
  rule: TripRule,
  options: O,
  configureRule: (change: Partial<O>) => void,
): Breaker<O> {
  const breaker = new HalfOpenBreaker(rule, options);
  return {
    allow: () => breaker.allow(),
    configure(change) {
      configureRule(change);
      breaker.configure(change);
    },
    snapshot: () => breaker.snapshot(),
  };
}
