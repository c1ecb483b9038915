import type { CallHead, Permit, QuotaState, Rejection } from '../../call/index.ts';
import type { Clock } from '../../concurrency/index.ts';
import type { Limit, LimitSnapshot } from './limiter.ts';
import {
  type BurstRate,
  type BurstRateOptions,
  checkName,
  clockOf,
  type ExactRate,
  exactRate,
  refuseCost,
  settingsOf,
} from './rate-options.ts';
import { SharedRejections } from './shared-rejections.ts';

/** The arithmetic of one algorithm: numbers in, a number out. Time is in ms and never goes back. */
export interface Meter {
  readonly algorithm: string;
  /** False: its calls may always come at once, so `burst` is no setting of it. */
  readonly hasBurst: boolean;
  /** 0: taken. Above 0: nothing was taken, and it could be after so many ms; Infinity: never. */
  take(nowMs: number, cost: number): number;
  giveBack(nowMs: number, cost: number): void;
  /** Calls that count against the burst now. */
  used(nowMs: number): number;
  /** Until nothing is used if nothing is taken. */
  resetMs(nowMs: number): number;
  configure(nowMs: number, rate: ExactRate): void;
}

/** Calls are counted in doubles: so much of one may be missing and it still passes, or the last of a burst would not. */
export const slack = 1e-3;

/** What all algorithms share: the clock, the answers that are made once, the counts. */
export class MeteredLimit implements Limit<BurstRate> {
  readonly name: string;
  readonly #where: string;
  readonly #clock: Clock;
  readonly #meter: Meter;
  readonly #tell: boolean;
  #rate: ExactRate;
  #rejections: SharedRejections;
  #admitted = 0;
  #refused = 0;

  constructor(
    where: string,
    options: BurstRateOptions,
    make: (nowMs: number, rate: ExactRate) => Meter,
    rate?: ExactRate,
  ) {
    checkName(where, options.name);
    this.name = options.name;
    this.#where = where;
    this.#clock = clockOf(options);
    this.#tell = options.tell ?? false;
    this.#rate = rate ?? exactRate(where, options);
    this.#meter = make(this.#clock.now(), this.#rate);
    this.#rejections = rejectionsOf(this.name, this.#rate);
  }

  get settings(): BurstRate {
    if (this.#meter.hasBurst) return settingsOf(this.#rate);
    const { limit, windowMs } = this.#rate;
    return { limit, windowMs };
  }

  acquire(_head: CallHead, cost = 1): Permit | Rejection {
    if (!(cost > 0)) refuseCost(this.name, cost);
    const now = this.#clock.now();
    const waitMs = this.#meter.take(now, cost);
    if (waitMs === 0) {
      this.#admitted++;
      return this.#tell ? new ToldPermit(this.#quota(now)) : sharedPermit;
    }
    this.#refused++;
    const shared = this.#rejections.after(waitMs);
    return this.#tell ? { ...shared, quota: this.#quota(now) } : shared;
  }

  giveBack(_head: CallHead, cost = 1): void {
    this.#meter.giveBack(this.#clock.now(), cost);
    this.#admitted--;
  }

  configure(change: Partial<BurstRate>): void {
    this.#rate = exactRate(this.#where, change, this.#rate);
    this.#meter.configure(this.#clock.now(), this.#rate);
    this.#rejections = rejectionsOf(this.name, this.#rate);
  }

  snapshot(): LimitSnapshot {
    const { limit, windowMs } = this.#rate;
    return {
      name: this.name,
      algorithm: this.#meter.algorithm,
      limit,
      windowMs,
      used: this.#meter.used(this.#clock.now()),
      admitted: this.#admitted,
      refused: this.#refused,
    };
  }

  #quota(nowMs: number): QuotaState {
    const { limit, windowMs, burst } = this.#rate;
    const remaining = Math.max(0, Math.floor(burst - this.#meter.used(nowMs) + slack));
    return { policy: this.name, limit, windowMs, remaining, resetMs: this.#meter.resetMs(nowMs) };
  }
}

export class ToldPermit implements Permit {
  readonly admitted = true;
  readonly quota: QuotaState;

  constructor(quota: QuotaState) {
    this.quota = quota;
  }

  done(): void {}
}

/** A rate gives nothing back when the call ends, so all of them share a permit. */
export const sharedPermit: Permit = Object.freeze({ admitted: true, done() {} });

export function rejectionsOf(name: string, { limit, windowMs }: ExactRate): SharedRejections {
  return new SharedRejections(name, `the limit ${name} of ${limit} calls in ${windowMs} ms is used up`);
}
