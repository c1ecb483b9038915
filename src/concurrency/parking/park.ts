import type { Context } from '../context/context.ts';
import { isKnownDone, refuseWait } from '../context/done-listener.ts';
import type { Linked, LinkedList } from './linked-list.ts';
import { Waiting } from './waiting.ts';

/** A member of a wait queue: `T` is what it waits for, `P` what it brings along (the value to send, the weight to acquire). */
export interface Waiter<T, P = undefined> extends Linked<Waiter<T, P>> {
  readonly payload: P;
  /** Its Context has ended and is about to tell it: a queue that moves on because another left must not serve it any more. */
  readonly isDoomed: boolean;
  /** Takes it out of its queue and lets it go on. */
  deliver(outcome: T): void;
  fail(error: unknown): void;
}

/** The tool that an operation waits on. */
export interface ParkingPlace {
  /** What `operation` waits for: `recv on chan "jobs"`. */
  describe(operation: string): string;
  /** A waiter gave up and has left its queue: those behind it may go on now. */
  waiterLeft?(): void;
}

/** One operation that waits in one queue. */
class Parked<T, P> extends Waiting<T> implements Waiter<T, P> {
  declare previous: Waiter<T, P> | undefined;
  declare next: Waiter<T, P> | undefined;
  declare list: { remove(entry: Waiter<T, P>): void } | undefined;
  declare readonly payload: P;
  declare private readonly place: ParkingPlace;
  declare private readonly operation: string;

  constructor(ctx: Context, place: ParkingPlace, operation: string, payload: P) {
    super(ctx);
    this.previous = undefined;
    this.next = undefined;
    this.list = undefined;
    this.payload = payload;
    this.place = place;
    this.operation = operation;
  }

  get isDoomed(): boolean {
    return isKnownDone(this.ctx);
  }

  describe(): string {
    return this.place.describe(this.operation);
  }

  protected leave(): void {
    this.list?.remove(this);
  }

  protected override gaveUp(): void {
    this.place.waiterLeft?.();
  }
}

/**
 * Enters the end of `queue` and waits there until somebody delivers, or `ctx` ends. Throws at once, and enters nothing,
 * if `ctx` has ended already.
 */
export function park<T, P>(
  ctx: Context,
  queue: LinkedList<Waiter<T, P>>,
  place: ParkingPlace,
  operation: string,
  payload: P,
): Promise<T> {
  refuseWait(ctx);
  const parked = new Parked<T, P>(ctx, place, operation, payload);
  queue.push(parked);
  return parked.begin();
}
