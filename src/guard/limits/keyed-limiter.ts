import type { CallHead, Permit, QuotaState, Rejection } from '../../call/index.ts';
import type { Clock } from '../../concurrency/index.ts';
import { type HashSeed, randomSeed } from './key-hash.ts';
import { KeyTable } from './key-table.ts';
import type { KeyOf } from './keys.ts';
import type { Limit, LimitSnapshot } from './limiter.ts';
import { rejectionsOf, sharedPermit, slack, ToldPermit } from './metered-limit.ts';
import {
  type BurstRate,
  type BurstRateOptions,
  checkName,
  checkWhole,
  clockOf,
  type ExactRate,
  exactRate,
  refuseCost,
  settingsOf,
} from './rate-options.ts';
import type { SharedRejections } from './shared-rejections.ts';

/** What `configure` changes of it. */
export interface KeyedRate extends BurstRate {
  /** Keys that are remembered, at 21 bytes each, taken at once. From 8 to 100,000,000. Default: 100,000. */
  readonly maxKeys?: number;
}

export interface KeyedLimiterOptions extends KeyedRate, BurstRateOptions {
  /** Who shares a limit: `byTenant`, `byPrincipal`, `byAddress`, `byMethod`, or a function of one's own, which must not throw. */
  readonly key: KeyOf;
  /** Calls without a key: `pass` uncounted, or `share` one limit. Default: pass. */
  readonly withoutKey?: 'pass' | 'share';
  /** The secret of the hash. Default: a random one. */
  readonly seed?: HashSeed;
}

/** A limit for each key. */
export interface KeyedLimit extends Limit<KeyedRate> {
  /** Keys that had used some of their limit and were forgotten for want of room: they begin anew. More `maxKeys` if it grows. */
  readonly evicted: number;
  snapshot(): KeyedLimitSnapshot;
}

export interface KeyedLimitSnapshot extends LimitSnapshot {
  readonly maxKeys: number;
  readonly evicted: number;
}

/**
 * A limit of its own for each tenant, user, address or method: {@link gcra}, which needs one number for a key. Memory is
 * bounded and taken at once. A key whose limit is unused needs no place. When there are more keys than places, of the
 * sixteen that a new one could replace the one goes that has used the least; so who calls much is remembered, and a
 * stranger with a million names only pushes his own out. He gets a limit for each name: put one by address, or one for
 * the whole, beside it (`allOf`).
 */
export function keyedLimiter(options: KeyedLimiterOptions): KeyedLimit {
  return new KeyedGcra(options);
}

const where = 'keyedLimiter';
const shared = '\n';

class KeyedGcra implements KeyedLimit {
  readonly name: string;
  readonly #key: KeyOf;
  readonly #sharesWithoutKey: boolean;
  readonly #clock: Clock;
  readonly #tell: boolean;
  /** Times in the table are counted from here: there, 0 is the past. */
  readonly #origin: number;
  #table: KeyTable;
  #maxKeys: number;
  #rate: ExactRate;
  #increment = 0;
  #rejections: SharedRejections;
  #admitted = 0;
  #refused = 0;

  constructor(options: KeyedLimiterOptions) {
    const { name, key, withoutKey = 'pass', maxKeys = 100_000, tell = false, seed = randomSeed() } = options;
    checkName(where, name);
    checkMaxKeys(maxKeys);
    this.#rate = exactRate(where, options);
    this.#increment = this.#rate.windowMs / this.#rate.limit;
    this.name = name;
    this.#key = key;
    this.#sharesWithoutKey = withoutKey === 'share';
    this.#clock = clockOf(options);
    this.#tell = tell;
    this.#origin = this.#clock.now();
    this.#maxKeys = maxKeys;
    this.#table = new KeyTable(maxKeys, seed);
    this.#rejections = rejectionsOf(name, this.#rate);
  }

  get settings(): KeyedRate {
    return { ...settingsOf(this.#rate), maxKeys: this.#maxKeys };
  }

  get evicted(): number {
    return this.#table.evicted;
  }

  acquire(head: CallHead, cost = 1): Permit | Rejection {
    if (!(cost > 0)) refuseCost(this.name, cost);
    const key = this.#keyOf(head);
    if (key === undefined) return sharedPermit;
    const { burst } = this.#rate;
    const increment = this.#increment;
    if (cost > burst) {
      this.#refused++;
      return this.#rejections.never;
    }
    const now = this.#clock.now() - this.#origin;
    const table = this.#table;
    const slot = table.slotOf(key, now);
    const arrival = Math.max(table.timeAt(slot), now);
    const early = arrival + (cost - burst) * increment - now;
    if (early <= slack * increment) {
      this.#admitted++;
      table.setTime(slot, arrival + cost * increment);
      return this.#tell ? new ToldPermit(this.#quota(arrival + cost * increment - now)) : sharedPermit;
    }
    this.#refused++;
    const rejection = this.#rejections.after(early);
    return this.#tell ? { ...rejection, quota: this.#quota(arrival - now) } : rejection;
  }

  giveBack(head: CallHead, cost = 1): void {
    const key = this.#keyOf(head);
    if (key === undefined) return;
    const slot = this.#table.slotOf(key, this.#clock.now() - this.#origin);
    this.#table.setTime(slot, this.#table.timeAt(slot) - cost * this.#increment);
    this.#admitted--;
  }

  configure(change: Partial<KeyedRate>): void {
    const { maxKeys = this.#maxKeys } = change;
    const rate = exactRate(where, change, this.#rate);
    checkMaxKeys(maxKeys);
    const now = this.#clock.now() - this.#origin;
    const increment = rate.windowMs / rate.limit;
    const before = this.#increment;
    // First what may fail for want of memory.
    if (maxKeys !== this.#maxKeys) this.#table = this.#table.resized(maxKeys, now);
    this.#table.mapTimes(now, (time) => now + Math.min(rate.burst, (time - now) / before) * increment);
    this.#maxKeys = maxKeys;
    this.#rate = rate;
    this.#increment = increment;
    this.#rejections = rejectionsOf(this.name, rate);
  }

  snapshot(): KeyedLimitSnapshot {
    const { limit, windowMs } = this.#rate;
    return {
      name: this.name,
      algorithm: 'keyed-gcra',
      limit,
      windowMs,
      used: this.#table.countAhead(this.#clock.now() - this.#origin),
      admitted: this.#admitted,
      refused: this.#refused,
      maxKeys: this.#maxKeys,
      evicted: this.#table.evicted,
    };
  }

  #keyOf(head: CallHead): string | undefined {
    return this.#key(head) ?? (this.#sharesWithoutKey ? shared : undefined);
  }

  #quota(usedMs: number): QuotaState {
    const { limit, windowMs, burst } = this.#rate;
    const remaining = Math.max(0, Math.floor(burst - usedMs / this.#increment + slack));
    return { policy: this.name, limit, windowMs, remaining, resetMs: usedMs };
  }
}

function checkMaxKeys(maxKeys: number): void {
  checkWhole(where, 'maxKeys', maxKeys, 8, 100_000_000);
}
