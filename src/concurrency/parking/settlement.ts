import { deliverAll } from './deliver-all.ts';
import { LinkedList } from './linked-list.ts';
import type { ParkingPlace, Waiter } from './park.ts';

/**
 * What is known of a promise, and those who wait for it. A promise keeps each reaction until it settles, so there is one
 * for all waits on it: those that give up leave nothing on a promise that stays pending.
 */
export class Settlement<T> implements ParkingPlace {
  readonly waiters = new LinkedList<Waiter<T>>();
  /** Undefined until the promise has told, which it does a microtask after it has settled. */
  outcome: { readonly value: T } | { readonly error: unknown } | undefined;

  constructor(promise: PromiseLike<T>) {
    Promise.resolve(promise).then(
      (value) => {
        this.outcome = { value };
        deliverAll(this.waiters, value);
      },
      (error: unknown) => {
        this.outcome = { error };
        for (let waiter = this.waiters.head; waiter !== undefined; waiter = this.waiters.head) waiter.fail(error);
      },
    );
  }

  describe(operation: string): string {
    return `${operation} a promise settles`;
  }
}

const known = new WeakMap<object, Settlement<unknown>>();

/** The one of this promise. */
export function settlementOf<T>(promise: PromiseLike<T>): Settlement<T> {
  let settlement = known.get(promise) as Settlement<T> | undefined;
  if (settlement === undefined) {
    settlement = new Settlement(promise);
    known.set(promise, settlement);
  }
  return settlement;
}
