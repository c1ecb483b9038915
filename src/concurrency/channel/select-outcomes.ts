import type { StatusError } from '../../errors/index.ts';
import type { Context, Stop } from '../context/context.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type Case, type CaseWaiter, notReady } from './select-case.ts';

/** A case that is ready once `ctx` has ended, and gives its error: Go's `<-ctx.Done()`. For contexts beside the select's own. */
export function done(ctx: Context): Case<StatusError> {
  return new Done(ctx);
}

class Done implements Case<StatusError> {
  readonly #ctx: Context;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  attempt(): StatusError | typeof notReady {
    return this.#ctx.err() ?? notReady;
  }

  park(waiter: CaseWaiter<StatusError>): void {
    waiter.payload = this.#ctx.onDone(() => waiter.deliver(this.#ctx.err()!));
  }

  leave(waiter: CaseWaiter<StatusError>): void {
    (waiter.payload as Stop)();
  }

  describe(): string {
    return 'done of a context';
  }
}

/**
 * A case that is ready once the promise is settled: its value, or, chosen, a throw of what it was rejected with. A promise
 * tells of its state only in a microtask: the first select that sees one finds it pending even if it is settled.
 *
 * All cases of one promise share one reaction on it, so that selects in a loop leave nothing behind on a promise that
 * stays pending.
 */
export function settled<T>(promise: PromiseLike<T>): Case<T> {
  const known = hubs.get(promise) as Case<T> | undefined;
  if (known !== undefined) return known;
  const hub = new Settled(promise);
  hubs.set(promise, hub);
  return hub;
}

const hubs = new WeakMap<object, Case<unknown>>();

class Settled<T> implements Case<T> {
  readonly #waiters = new LinkedList<CaseWaiter<T>>();
  #state: { readonly value: T } | { readonly error: unknown } | undefined;

  constructor(promise: PromiseLike<T>) {
    promise.then(
      (value) => {
        this.#state = { value };
        for (let waiter = this.#waiters.head; waiter !== undefined; waiter = this.#waiters.head) waiter.deliver(value);
      },
      (error: unknown) => {
        this.#state = { error };
        for (let waiter = this.#waiters.head; waiter !== undefined; waiter = this.#waiters.head) waiter.fail(error);
      },
    );
  }

  attempt(): T | typeof notReady {
    if (this.#state === undefined) return notReady;
    if ('error' in this.#state) throw this.#state.error;
    return this.#state.value;
  }

  park(waiter: CaseWaiter<T>): void {
    this.#waiters.push(waiter);
  }

  leave(waiter: CaseWaiter<T>): void {
    waiter.list?.remove(waiter);
  }

  describe(): string {
    return 'a promise';
  }
}
