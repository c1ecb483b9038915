import { StatusError } from '../../errors/index.ts';
import type { CancelContext, Context } from '../context/context.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { type Tracked, tracker } from '../parking/tracking.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { nameOf } from './name.ts';

/** What `share` gives. */
export interface Shared<V> {
  readonly value: V;
  /** Whether other callers got the same value. */
  readonly shared: boolean;
}

/**
 * One call at a time for each key: whoever asks while one is under way gets its outcome. Go's singleflight, with callers
 * that can give up. It keeps nothing: a call that has ended is forgotten, with its value and its error.
 *
 * The work belongs to all its callers: it runs with the first one's values, but with nobody's deadline, and is canceled
 * when the last one gives up (the cause is `canceled`, reason `CALLERS_LEFT`). Who comes after that starts anew, even
 * while the canceled work still runs; what that ends with, nobody hears.
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Flight<V>>();

  /** Keys whose work is under way. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * The outcome of the work under way for `key`, or of `fn`, which is then called before this returns. All callers get the
   * same value or error object. Rejects with the error of `ctx` if that ends first; the others go on. Within `fn` do not ask
   * for the same key: the work would wait for itself, until no caller waits for it any more.
   */
  do(ctx: Context, key: K, fn: (ctx: Context) => Awaitable<V>): Promise<V> {
    return this.#join(ctx, key, fn, false) as Promise<V>;
  }

  /** As `do`, and tells whether the value was shared. */
  share(ctx: Context, key: K, fn: (ctx: Context) => Awaitable<V>): Promise<Shared<V>> {
    return this.#join(ctx, key, fn, true) as Promise<Shared<V>>;
  }

  /** The next caller starts anew. Those who wait already get the outcome of the work under way. */
  forget(key: K): void {
    this.#flights.delete(key);
  }

  #join(ctx: Context, key: K, fn: (ctx: Context) => Awaitable<V>, isTold: boolean): Promise<V | Shared<V>> {
    const underWay = this.#flights.get(key);
    const flight = underWay ?? new Flight<V>(ctx, key, (ended) => this.#land(key, ended));
    let outcome: Promise<V | Shared<V>>;
    try {
      outcome = flight.join(ctx, isTold);
    } catch (error) {
      return Promise.reject(error);
    }
    if (underWay === undefined) {
      this.#flights.set(key, flight);
      flight.start(fn);
    }
    return outcome;
  }

  /** Unless it was forgotten: the key may have other work by now. */
  #land(key: K, flight: Flight<V>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/** The work for one key, and those who wait for it. */
class Flight<V> implements ParkingPlace, Tracked {
  readonly #ctx: CancelContext;
  readonly #key: unknown;
  readonly #land: (flight: Flight<V>) => void;
  /** Each brings along whether it is to be told that the value was shared. */
  readonly #callers = new LinkedList<Waiter<V | Shared<V>, boolean>>();
  #waiting = 0;

  constructor(first: Context, key: unknown, land: (flight: Flight<V>) => void) {
    this.#ctx = first.withoutCancel().withCancel();
    this.#key = key;
    this.#land = land;
  }

  join(ctx: Context, isTold: boolean): Promise<V | Shared<V>> {
    const outcome = park(ctx, this.#callers, this, 'wait', isTold);
    this.#waiting++;
    return outcome;
  }

  start(fn: (ctx: Context) => Awaitable<V>): void {
    let result: Awaitable<V>;
    try {
      result = tracker === undefined ? fn(this.#ctx) : tracker.task(this, () => fn(this.#ctx));
    } catch (error) {
      this.#fail(error);
      return;
    }
    // As `await` would: a thenable counts as a promise, a value is given in a later microtask all the same.
    Promise.resolve(result).then(
      (value) => this.#succeed(value),
      (error) => this.#fail(error),
    );
  }

  waiterLeft(): void {
    if (--this.#waiting > 0) return;
    this.#land(this);
    this.#ctx.cancel(
      new StatusError('canceled', `every caller that waited for ${nameOf(this.#key)} has left`, {
        reason: 'CALLERS_LEFT',
      }),
    );
  }

  describe(operation = 'work'): string {
    return `${operation} of single flight ${nameOf(this.#key)} (${this.#waiting} callers)`;
  }

  #succeed(value: V): void {
    this.#end();
    const shared = this.#waiting > 1;
    for (let caller = this.#callers.head; caller !== undefined; caller = this.#callers.head)
      caller.deliver(caller.payload ? { value, shared } : value);
  }

  #fail(error: unknown): void {
    this.#end();
    for (let caller = this.#callers.head; caller !== undefined; caller = this.#callers.head) caller.fail(error);
  }

  #end(): void {
    tracker?.ended(this);
    this.#land(this);
    this.#ctx[Symbol.dispose]();
  }
}
