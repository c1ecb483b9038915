import type { StatusError } from '../../errors/index.ts';
import type { Context } from '../context/context.ts';
import { FunctionListener } from '../context/context-watch.ts';
import { type DoneListener, listen } from '../context/done-listener.ts';
import type { Waiter } from '../parking/park.ts';
import { type Settlement, settlementOf } from '../parking/settlement.ts';
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
    const listener = new FunctionListener(() => waiter.deliver(this.#ctx.err()!));
    // Not `onDone`: that looks at the clock, and would tell others of an end it finds while the select is half parked.
    listen(this.#ctx, listener);
    waiter.payload = listener;
  }

  leave(waiter: CaseWaiter<StatusError>): void {
    (waiter.payload as DoneListener).unlisten();
  }

  describe(): string {
    return 'done of a context';
  }
}

/**
 * A case that is ready once the promise is settled: its value, or, chosen, a throw of what it was rejected with. A promise
 * tells of its state only in a microtask: the first select that sees one finds it pending even if it is settled.
 *
 * Selects in a loop leave nothing behind on a promise that stays pending: all waits share one reaction.
 */
export function settled<T>(promise: PromiseLike<T>): Case<T> {
  const settlement = settlementOf(promise);
  settlement.share();
  return new Settled(settlement);
}

class Settled<T> implements Case<T> {
  readonly #settlement: Settlement<T>;

  constructor(settlement: Settlement<T>) {
    this.#settlement = settlement;
  }

  attempt(): T | typeof notReady {
    const { outcome } = this.#settlement;
    if (outcome === undefined) return notReady;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  park(waiter: CaseWaiter<T>): void {
    this.#settlement.waiters.push(waiter as unknown as Waiter<T>);
  }

  leave(waiter: CaseWaiter<T>): void {
    waiter.list?.remove(waiter);
  }

  describe(): string {
    return 'a promise';
  }
}
