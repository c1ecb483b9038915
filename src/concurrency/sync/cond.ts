import type { Context } from '../context/context.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import type { Lock, Locker } from './locker.ts';
import { type NameOptions, titled } from './name.ts';

/**
 * Where those who hold a lock wait until what it protects has changed.
 *
 *     using lock = await cond.locker.lock(ctx);
 *     await cond.waitUntil(ctx, lock, () => jobs.length > 0);
 *
 * Signals reach those who wait at that moment, in the order they came, and are not kept. A waiter that was signalled has
 * the signal, even if its Context ends before it goes on; one that gave up before takes none.
 */
export class Cond {
  readonly locker: Locker;
  readonly #name: string | undefined;
  readonly #waiting = new LinkedList<Waiter<void>>();
  readonly #place: ParkingPlace = {
    describe: (operation) => `${operation} on ${titled('cond', this.#name)}`,
  };

  constructor(locker: Locker, { name }: NameOptions = {}) {
    this.locker = locker;
    this.#name = name;
  }

  /**
   * Unlocks `lock`, which is one of `locker` and held, waits for a signal, and locks it again before it returns. The
   * caller's `lock` stays valid. If `ctx` ends first it throws, also only when it holds the lock again: that last step
   * waits its turn without a bound. Between the signal and the return others may have had the lock: look again, or use
   * `waitUntil`.
   */
  async wait(ctx: Context, lock: Lock): Promise<void> {
    ctx.throwIfDone();
    lock.unlock();
    try {
      await park(ctx, this.#waiting, this.#place, 'wait', undefined);
    } finally {
      await lock.relock(ctx.withoutCancel());
    }
  }

  /** Waits, as `wait`, as often as it takes until `predicate` holds. It is only called while `lock` is held. */
  async waitUntil(ctx: Context, lock: Lock, predicate: () => boolean): Promise<void> {
    while (!predicate()) await this.wait(ctx, lock);
  }

  /** Lets the first in line go on. The lock need not be held. */
  signal(): void {
    this.#waiting.head?.deliver();
  }

  /** Lets all go on that wait now, in their order. The lock need not be held. */
  broadcast(): void {
    deliverAll(this.#waiting, undefined);
  }
}
