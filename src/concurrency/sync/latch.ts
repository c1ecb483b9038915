import type { Context } from '../context/context.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { type NameOptions, titled } from './name.ts';

/** Opens for good when it was counted down to 0: a start that waits for several things, or several that wait for one. */
export class Latch {
  #count: number;
  readonly #name: string | undefined;
  readonly #waiting = new LinkedList<Waiter<void>>();
  readonly #place: ParkingPlace = {
    describe: (operation) => `${operation} on ${titled('latch', this.#name)} (${this.#count} to go)`,
  };

  /** `count`: a whole number from 0; with 0 it is open. */
  constructor(count: number, { name }: NameOptions = {}) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`Latch: the count ${count} is not a whole number from 0 to 2^53 - 1`);
    this.#count = count;
    this.#name = name;
  }

  /** How much is still to be counted down. */
  get count(): number {
    return this.#count;
  }

  /** Counts down by `n` (a whole number from 0, default 1), to 0 at the lowest: an open latch stays open. */
  countDown(n = 1): void {
    if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`countDown: ${n} is not a whole number from 0`);
    this.#count = Math.max(0, this.#count - n);
    if (this.#count === 0) deliverAll(this.#waiting, undefined);
  }

  /** Waits until it is open. */
  wait(ctx: Context): Awaitable<void> {
    refuseDone(ctx);
    if (this.#count > 0) return park(ctx, this.#waiting, this.#place, 'wait', undefined);
  }
}
