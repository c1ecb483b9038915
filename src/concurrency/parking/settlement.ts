import { deliverAll } from './deliver-all.ts';
import { LinkedList } from './linked-list.ts';
import type { ParkingPlace, Waiter } from './park.ts';

/**
 * What is known of a promise, and those who wait for it. A promise keeps each reaction until it settles, so the waits that
 * come after one that gave up take over its reaction: any number of them leave nothing more on a promise that stays pending.
 */
export class Settlement<T> implements ParkingPlace {
  readonly waiters = new LinkedList<Waiter<T>>();
  /** Undefined until the promise has told, which it does a microtask after it has settled. */
  outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  readonly #promise: PromiseLike<T>;

  constructor(promise: PromiseLike<T>) {
    this.#promise = promise;
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

  waiterLeft(): void {
    this.share();
  }

  /** Later waits on this promise find this one. */
  share(): void {
    // A value that is no promise, where the caller's types did not say so, settles at once: nothing to share.
    if (Object(this.#promise) === this.#promise && !shared.has(this.#promise)) shared.set(this.#promise, this);
  }

  describe(operation: string): string {
    return `${operation} a promise settles`;
  }
}

/** Only of promises that somebody gave up or asks repeatedly: an entry costs several times what a wait does. */
const shared = new WeakMap<object, Settlement<unknown>>();

/** The one that is shared for this promise, or a new one. */
export function settlementOf<T>(promise: PromiseLike<T>): Settlement<T> {
  return (shared.get(promise) as Settlement<T> | undefined) ?? new Settlement(promise);
}
