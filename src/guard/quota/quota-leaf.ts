import type { Permit, QuotaState, Rejection } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { GuardErrors } from '../guard-errors.ts';
import { roundUp } from '../limits/shared-rejections.ts';
import type { QuotaNode } from './quota-tree.ts';

/** Rates below this count as none: nothing comes of them while somebody waits. Calls per second. */
const leastRate = 1e-3;
/** Calls are counted in doubles: so much of one may be missing and it still passes. */
const slack = 1e-6;
/** A refused caller is told to come back by then at the latest: shares change with every renewal. */
const maxRetryMs = 10_000;

/** A leaf keeps so many of its rejections: those of one share follow each other closely. */
const maxRejections = 32;

/** The errors of all leaves: one for each time to wait, 700 at most. They cost more than all the rest of a refusal. */
export class QuotaErrors {
  readonly name: string;
  readonly #known = new Map<number, StatusError>();

  constructor(name: string) {
    this.name = name;
  }

  /** `retryAfterMs` is a result of `roundUp`. */
  after(retryAfterMs: number): StatusError {
    let error = this.#known.get(retryAfterMs);
    if (error === undefined) {
      error = GuardErrors.QUOTA_EXHAUSTED(`the tenant's share of the quota ${this.name} is used up`, {
        metadata: { limit: this.name, retryAfterMs: String(retryAfterMs) },
      });
      this.#known.set(retryAfterMs, error);
    }
    return error;
  }
}

/** How a leaf turns its share into a bucket, and what it tells. */
export interface LeafSettings {
  readonly errors: QuotaErrors;
  readonly burstMs: number;
  /** How fast what is wanted follows what was asked for. */
  readonly smoothMs: number;
}

/** One leaf on this instance: its share of the rate as a bucket of tokens, and what was asked of it. */
export class QuotaLeaf {
  readonly node: QuotaNode;
  /** The path of the tenant that it belongs to. */
  readonly tenant: string;
  /** No limit applies to it, so it needs no lease. */
  readonly isFree: boolean;
  #settings: LeafSettings;
  /** Calls per second. */
  #share = 0;
  #burst = 1;
  #tokens: number;
  #filledAt: number;
  /** Asked for since `#countedAt`, refused calls included. */
  #asked = 0;
  #countedAt: number;
  #wants: number | undefined;
  #usedAt: number;
  #admitted = 0;
  #refused = 0;
  #isGone = false;
  /** Made once for each time to wait, and dropped with the share that they tell of. */
  readonly #rejections = new Map<number, Rejection>();

  constructor(node: QuotaNode, tenant: string, isFree: boolean, settings: LeafSettings, now: number) {
    this.node = node;
    this.tenant = tenant;
    this.isFree = isFree;
    this.#settings = settings;
    this.#tokens = 1;
    this.#filledAt = now;
    this.#countedAt = now;
    this.#usedAt = now;
  }

  get share(): number {
    return this.#share;
  }

  get wants(): number {
    return this.#wants ?? 0;
  }

  get usedAt(): number {
    return this.#usedAt;
  }

  /** It was idle for too long; another one has its place, or will. */
  get isGone(): boolean {
    return this.#isGone;
  }

  leave(): void {
    this.#isGone = true;
  }

  get admitted(): number {
    return this.#admitted;
  }

  get refused(): number {
    return this.#refused;
  }

  /** A call that costs more than the burst passes when the bucket is full, and is paid off afterwards. */
  take(now: number, cost: number): boolean {
    this.#asked += cost;
    this.#usedAt = now;
    if (!this.isFree) {
      this.#fill(now);
      if (this.#tokens + slack < Math.min(cost, this.#burst)) {
        this.#refused++;
        return false;
      }
      this.#tokens -= cost;
    }
    this.#admitted++;
    return true;
  }

  /** Takes a `take` back that admitted. The call was wanted all the same. */
  giveBack(cost: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + cost);
    this.#admitted--;
  }

  /** For a call that was just refused. */
  rejection(cost: number): Rejection {
    const missing = Math.min(cost, this.#burst) - this.#tokens;
    const waitMs = this.#share < leastRate ? maxRetryMs : (missing / this.#share) * 1_000;
    const retryAfterMs = roundUp(Math.min(waitMs, maxRetryMs));
    return this.#rejections.get(retryAfterMs) ?? this.#reject(retryAfterMs);
  }

  permit(): Permit {
    const { errors, burstMs } = this.#settings;
    const remaining = Math.max(0, Math.floor(this.#tokens + slack));
    const missing = this.#burst - this.#tokens;
    const resetMs = this.#share < leastRate ? maxRetryMs : (missing / this.#share) * 1_000;
    return new QuotaPermit({
      policy: errors.name,
      limit: Math.floor(this.#burst),
      windowMs: burstMs,
      remaining,
      resetMs,
    });
  }

  /** What was saved up stays, as far as the new share allows. */
  setShare(now: number, share: number): void {
    if (share === this.#share) return;
    this.#fill(now);
    this.#share = share;
    this.#resize();
  }

  setSettings(now: number, settings: LeafSettings): void {
    this.#fill(now);
    this.#settings = settings;
    this.#resize();
  }

  /** What a new leaf may let through at once. */
  prime(calls: number): void {
    this.#tokens = Math.min(this.#burst, calls);
  }

  /** What is asked for per second, averaged. Over less than `leastMs` it says nothing new. */
  measure(now: number, leastMs: number): number {
    const ms = now - this.#countedAt;
    if (ms < leastMs) return this.#wants ?? (this.#asked * 1_000) / leastMs;
    const rate = (this.#asked * 1_000) / ms;
    const weight = 1 - Math.exp(-ms / this.#settings.smoothMs);
    this.#wants = this.#wants === undefined ? rate : this.#wants + (rate - this.#wants) * weight;
    this.#asked = 0;
    this.#countedAt = now;
    return this.#wants;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) * this.#share) / 1_000);
    this.#filledAt = now;
  }

  #resize(): void {
    this.#burst = Math.max(1, (this.#share * this.#settings.burstMs) / 1_000);
    this.#tokens = Math.min(this.#tokens, this.#burst);
    this.#rejections.clear();
  }

  #reject(retryAfterMs: number): Rejection {
    const { errors, burstMs } = this.#settings;
    const limit = Math.floor(this.#burst);
    const resetMs = Math.max(retryAfterMs, burstMs);
    const quota: QuotaState = { policy: errors.name, limit, windowMs: burstMs, remaining: 0, resetMs };
    const made: Rejection = { admitted: false, error: errors.after(retryAfterMs), retryAfterMs, quota };
    if (this.#rejections.size >= maxRejections) this.#rejections.clear();
    this.#rejections.set(retryAfterMs, made);
    return made;
  }
}

class QuotaPermit implements Permit {
  readonly admitted = true;
  readonly quota: QuotaState;

  constructor(quota: QuotaState) {
    this.quota = quota;
  }

  done(): void {}
}
