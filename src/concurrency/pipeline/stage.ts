import type { Awaitable } from '../parking/waiting.ts';
import type { Run } from './run.ts';

/** What `pull` gives when there are no more elements. */
export const end: unique symbol = Symbol('end of the pipeline');
export type End = typeof end;

/** An element, the end, or the promise of one of them where it has to be waited for. */
export type Pulled<T> = T | End | Promise<T | End>;

/**
 * One stage of a pipeline, which its consumer pulls elements out of. There is one consumer, and it keeps to this order:
 * one pull at a time, none after the end or an error; then, in every case, `run.fail` or `run.end`, and `close` once, with
 * no pull in flight.
 */
export interface Stage<out T> {
  /** The next element. Whatever it waits for ends soon after the scope of its run did, except functions of the user. */
  pull(): Pulled<T>;
  /** Waits for all that it started, then closes what it pulls from. */
  close(): Awaitable<void>;
}

/** A stage with one upstream and nothing of its own to close. */
export abstract class Through<T> {
  protected readonly upstream: Stage<T>;

  constructor(upstream: Stage<T>) {
    this.upstream = upstream;
  }

  close(): Awaitable<void> {
    return this.upstream.close();
  }
}

/** Closes all at once, waits for all, then throws the first error. */
export async function closeAll(closing: readonly { close(): Awaitable<void> }[]): Promise<void> {
  const outcomes = await Promise.allSettled(closing.map(async (one) => one.close()));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** The method by which a pipeline hands its last stage to the one consumer that it may have. */
export const adopt: unique symbol = Symbol('adopt a pipeline');

export interface Adoptable<out T> {
  [adopt](by: string): Adopted<T>;
}

export interface Adopted<out T> {
  readonly run: Run;
  readonly stage: Stage<T>;
}

/** Refuses what is not a whole number from `min`. */
export function checkWhole(what: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min)
    throw new RangeError(`${what} is ${value}, which is not a whole number from ${min}`);
}
