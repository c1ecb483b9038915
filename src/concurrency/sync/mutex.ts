import type { Context } from '../context/context.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Hold, type Holdable } from './hold.ts';
import type { Lock, Locker } from './locker.ts';
import { type NameOptions, titled } from './name.ts';

/**
 * One holder at a time, across awaits. Strictly first come, first served: `unlock` hands over to the first in line, and
 * nobody gets in between, so a waiter waits for those before it and no longer. Code that does not await needs none.
 *
 *     using lock = await mutex.lock(ctx);
 */
export class Mutex implements Locker {
  readonly #gate: Gate;

  constructor({ name }: NameOptions = {}) {
    this.#gate = new Gate(name);
  }

  get isLocked(): boolean {
    return this.#gate.isHeld;
  }

  lock(ctx: Context): Awaitable<Lock> {
    return this.#gate.take(ctx, new Hold(this.#gate));
  }

  tryLock(): Lock | undefined {
    return this.#gate.tryTake();
  }

  /** Runs `fn` while it holds the lock, and gives it back however `fn` ends. `fn` gets the lock, for `Cond.wait`. */
  async run<T>(ctx: Context, fn: (lock: Lock) => Awaitable<T>): Promise<T> {
    const lock = await this.lock(ctx);
    try {
      return await fn(lock);
    } finally {
      lock[Symbol.dispose]();
    }
  }
}

/** Apart from Mutex, so that what holds and parked operations call is not offered to users. */
class Gate implements Holdable, ParkingPlace {
  isHeld = false;
  readonly #waiting = new LinkedList<Waiter<Lock, Hold>>();
  readonly #name: string | undefined;

  constructor(name: string | undefined) {
    this.#name = name;
  }

  take(ctx: Context, hold: Hold): Awaitable<Lock> {
    refuseDone(ctx);
    if (this.isHeld) return park(ctx, this.#waiting, this, 'lock', hold);
    this.isHeld = true;
    return hold.granted();
  }

  tryTake(): Lock | undefined {
    if (this.isHeld) return undefined;
    this.isHeld = true;
    return new Hold(this).granted();
  }

  release(): void {
    const next = this.#waiting.head;
    if (next === undefined) this.isHeld = false;
    else next.deliver(next.payload.granted());
  }

  describe(operation: string): string {
    return `${operation} on ${titled('mutex', this.#name)}`;
  }
}
