import type { Outcome, Rejection } from '../../call/index.ts';
import { type Clock, turnClock } from '../../concurrency/index.ts';
import { checkRange } from '../check-option.ts';
import { GuardErrors } from '../guard-errors.ts';
import type { Breaker, BreakerSnapshot, Ticket } from './breaker.ts';
import { verdictOf } from './verdict.ts';

export interface SreThrottleOptions {
  /** Calls that are sent per call that is accepted, above 1 to 100: lower refuses sooner. Default: 2. */
  readonly k?: number;
  /** How far back it looks, in milliseconds, 100 to 3,600,000. Default: 10,000. */
  readonly windowMs?: number;
  /** With fewer calls in the window nothing is refused. Default: 20. */
  readonly minCalls?: number;
  /** While calls are refused, one is let through each so many milliseconds whatever chance says. Default: 1,000. */
  readonly probeMs?: number;
  /** Named in the error. Default: 'the dependency'. */
  readonly name?: string;
  readonly clock?: Clock;
  /** Default: Math.random. */
  readonly random?: () => number;
}

/**
 * Google's adaptive throttling (Site Reliability Engineering, "Handling Overload"): a call is refused with the chance
 * `(requests − K × accepts) ÷ (requests + 1)`, so a server gets about K times what it accepts, and there is no state to be
 * stuck in.
 *
 * Counting refused calls as requests is what keeps to that bound, and what makes recovery take `window ÷ K × ln(requests)`:
 * most of a minute at a thousand calls per second. Here they weigh by how much of what was sent in the last one to two tenths of the
 * window failed: fully where the server refuses `1 − 1/K` of it or more, as long as the bound needs them, and nothing once
 * all of it succeeds. So full traffic is back within a few tenths of the window after the first probe has succeeded.
 *
 * Calls count when they have ended: those in flight to a slow server are no failures yet.
 */
export function sreThrottle(options: SreThrottleOptions = {}): Breaker<SreThrottleOptions> {
  return new SreThrottle(options);
}

const buckets = 10;
/** Offsets in a bucket. */
const sent = 0;
const accepted = 1;
const refused = 2;
const fields = 3;

class SreThrottle implements Breaker<SreThrottleOptions>, Ticket {
  /** It is its own ticket: nothing of a call needs to be known to count its end. */
  readonly admitted = true;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #rejection: Rejection;
  readonly #counts = new Float64Array(buckets * fields);
  #k = 2;
  #windowMs = 10_000;
  #minCalls = 20;
  #probeMs = 1_000;
  #bucketMs = 1_000;
  /** The number of the newest bucket since the clock's zero. */
  #newest: number;
  #sent = 0;
  #accepted = 0;
  #refused = 0;
  #nextProbe = 0;

  constructor(options: SreThrottleOptions) {
    const { clock = turnClock, random = Math.random, name = 'the dependency' } = options;
    this.#clock = clock;
    this.#random = random;
    this.#rejection = {
      admitted: false,
      error: GuardErrors.BREAKER_OPEN(`calls to ${name} keep failing; this one was not sent`),
    };
    this.configure(options);
    this.#newest = Math.floor(clock.now() / this.#bucketMs);
  }

  allow(): Ticket | Rejection {
    // What nearly every call meets, without a look at the clock: counts that are too old speak for it as well as fresh ones.
    if (this.#isFine()) return this;
    const now = this.#clock.now();
    this.#turn(now);
    const chance = this.#chance();
    if (chance <= 0) return this;
    if (now >= this.#nextProbe || this.#random() >= chance) {
      this.#nextProbe = now + this.#probeMs;
      return this;
    }
    this.#refused++;
    this.#counts[(this.#newest % buckets) * fields + refused]!++;
    return this.#rejection;
  }

  done({ error }: Outcome): void {
    const verdict = verdictOf(error);
    if (verdict === 'neither') return;
    this.#turn(this.#clock.now());
    const at = (this.#newest % buckets) * fields;
    this.#sent++;
    this.#counts[at + sent]!++;
    if (verdict === 'failure') return;
    this.#accepted++;
    this.#counts[at + accepted]!++;
  }

  configure(change: Partial<SreThrottleOptions>): void {
    const { k = this.#k, windowMs = this.#windowMs, minCalls = this.#minCalls, probeMs = this.#probeMs } = change;
    checkRange('sreThrottle', 'k', k, 1.01, 100);
    checkRange('sreThrottle', 'windowMs', windowMs, 100, 3_600_000);
    checkRange('sreThrottle', 'minCalls', minCalls, 1, 1_000_000);
    checkRange('sreThrottle', 'probeMs', probeMs, 1, 3_600_000);
    this.#k = k;
    this.#minCalls = minCalls;
    this.#probeMs = probeMs;
    if (windowMs === this.#windowMs) return;
    this.#windowMs = windowMs;
    this.#bucketMs = windowMs / buckets;
    this.#clear();
    this.#newest = Math.floor(this.#clock.now() / this.#bucketMs);
  }

  snapshot(): BreakerSnapshot {
    this.#turn(this.#clock.now());
    const refusedShare = Math.max(0, this.#chance());
    return {
      kind: 'throttle',
      state: refusedShare > 0 ? 'half_open' : 'closed',
      refusedShare,
      calls: this.#sent + this.#refused,
      failures: this.#sent - this.#accepted,
    };
  }

  /** Not even all refused calls together could make a difference. */
  #isFine(): boolean {
    return this.#refused === 0 && this.#sent <= this.#k * this.#accepted;
  }

  #chance(): number {
    if (this.#isFine()) return 0;
    if (this.#sent + this.#refused < this.#minCalls) return 0;
    const requests = this.#sent + this.#refused * this.#weight();
    return (requests - this.#k * this.#accepted) / (requests + 1);
  }

  /** How much a refused call counts: 1 where of what was sent lately no more was accepted than the bound allows. */
  #weight(): number {
    const newest = (this.#newest % buckets) * fields;
    const before = ((this.#newest + buckets - 1) % buckets) * fields;
    const counts = this.#counts;
    const recent = counts[newest + sent]! + counts[before + sent]!;
    if (recent === 0) return 1;
    const failed = recent - counts[newest + accepted]! - counts[before + accepted]!;
    return Math.min(1, failed / recent / (1 - 1 / this.#k));
  }

  /** Empties the buckets that have grown too old, and goes on in the newest. */
  #turn(now: number): void {
    const number = Math.floor(now / this.#bucketMs);
    if (number === this.#newest) return;
    const steps = number - this.#newest;
    this.#newest = number;
    if (steps >= buckets || steps < 0) {
      this.#clear();
      return;
    }
    for (let step = 0; step < steps; step++) this.#forget(((number - step) % buckets) * fields);
  }

  #forget(at: number): void {
    const counts = this.#counts;
    this.#sent -= counts[at + sent]!;
    this.#accepted -= counts[at + accepted]!;
    this.#refused -= counts[at + refused]!;
    counts.fill(0, at, at + fields);
  }

  #clear(): void {
    this.#counts.fill(0);
    this.#sent = 0;
    this.#accepted = 0;
    this.#refused = 0;
  }
}
