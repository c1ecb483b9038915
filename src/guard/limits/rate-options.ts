import { type Clock, turnClock } from '../../concurrency/index.ts';
import { checkRange } from '../check-option.ts';

/** What `configure` changes of a rate. */
export interface Rate {
  /** Calls per window, a whole number from 1. */
  readonly limit: number;
  /** Default: 1,000. */
  readonly windowMs?: number;
}

/** The same, where calls may come in bursts. */
export interface BurstRate extends Rate {
  /** Calls that may come at once after a pause, a whole number from 1. Undefined: as many as `limit`. Default: that. */
  readonly burst?: number | undefined;
}

export interface LimitNaming {
  /** In errors, metrics and the `RateLimit` headers: 1 to 64 letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  /** Each permit and rejection says how much is left, for the `RateLimit` headers; this allocates. Default: false. */
  readonly tell?: boolean;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

export interface RateOptions extends Rate, LimitNaming {}
export interface BurstRateOptions extends BurstRate, LimitNaming {}

/** A rate whose defaults are filled in, checked. */
export interface ExactRate {
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  /** Nobody gave a burst: it is what the limit is. */
  readonly burstFollows: boolean;
}

/** What `configure` takes to come back to this rate. */
export function settingsOf({ limit, windowMs, burst, burstFollows }: ExactRate): BurstRate {
  return { limit, windowMs, burst: burstFollows ? undefined : burst };
}

export const maxWindowMs = 366 * 24 * 3_600_000;
export const maxLimit = 1_000_000_000;

/** Throws a RangeError that names the option of `where`. `known` is what holds where the change says nothing. */
export function exactRate(where: string, change: Partial<BurstRate>, known?: ExactRate): ExactRate {
  const limit = change.limit ?? known?.limit ?? Number.NaN;
  const windowMs = change.windowMs ?? known?.windowMs ?? 1_000;
  const burstFollows = change.burst === undefined && ('burst' in change || (known?.burstFollows ?? true));
  const burst = change.burst ?? (known === undefined || burstFollows ? limit : known.burst);
  checkWhole(where, 'limit', limit);
  checkRange(where, 'windowMs', windowMs, 1, maxWindowMs);
  checkWhole(where, 'burst', burst);
  return { limit, windowMs, burst, burstFollows };
}

export function checkWhole(where: string, name: string, value: number, min = 1, max = maxLimit): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${where}: ${name} is ${value}; give a whole number from ${min} to ${max}`);
}

export function checkName(where: string, name: string): void {
  if (/^[\w.-]{1,64}$/.test(name)) return;
  throw new RangeError(`${where}: name is ${JSON.stringify(name)}; give 1 to 64 letters, digits, "_", "-" and "."`);
}

/** A call that costs nothing, or less, is a mistake: it would fill the limit up. */
export function refuseCost(name: string, cost: number): never {
  throw new RangeError(`limit ${name}: a call's cost is ${cost}; give a number above 0`);
}

export function clockOf({ clock = turnClock }: LimitNaming): Clock {
  return clock;
}
