import type { Linked } from '../parking/linked-list.ts';

/** What `attempt` gives where the case would have to wait. */
export const notReady = Symbol('not ready');

/**
 * One case of a `select`, with `T` as its outcome: made by `recv`, `send`, `after`, `tick`, `done`, `settled`, `otherwise`.
 * A case holds nothing while no select waits on it, and can be used in any number of selects.
 */
export interface Case<out T> {
  /** Does the operation if that needs no waiting. */
  attempt(): T | typeof notReady;
  /** Registers for the moment when the operation can be done: then somebody calls `waiter.deliver(outcome)`. */
  park(waiter: CaseWaiter<never>): void;
  /** Takes back what `park` registered. */
  leave(waiter: CaseWaiter<never>): void;
  describe(): string;
}

/** The entry of one parked select for one of its cases. */
export interface CaseWaiter<in T> extends Linked<CaseWaiter<T>> {
  /** Whatever the case needs to keep: the value to send, a timer. */
  payload: unknown;
  /** The case is done: the select goes on with it and leaves all others. */
  deliver(outcome: T): void;
  fail(error: unknown): void;
}
