import { StatusError } from '../../errors/index.ts';
import type { Context } from '../context/context.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import { tracker } from '../parking/tracking.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { type NameOptions, titled } from './name.ts';

/**
 * Counts tasks that run and waits until none does. It owns nothing: no results, no errors, no cancellation; for those
 * take a group. May be used again as soon as the count is 0: whoever waited until then goes on even if it rises at once.
 */
export class WaitGroup {
  #count = 0;
  readonly #name: string | undefined;
  readonly #waiting = new LinkedList<Waiter<void>>();
  readonly #place: ParkingPlace = {
    describe: (operation) => `${operation} on ${titled('wait group', this.#name)} (${this.#count} to go)`,
  };

  constructor({ name }: NameOptions = {}) {
    this.#name = name;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Adds `n` (a whole number, may be negative, default 1) to the count. Do so before the task starts, or a `wait` may
   * return too soon. Throws `failed_precondition`, `WAIT_GROUP_NEGATIVE`, and changes nothing, if it would fall below 0.
   */
  add(n = 1): void {
    if (!Number.isSafeInteger(n)) throw new RangeError(`add: ${n} is not a whole number`);
    const count = this.#count + n;
    if (count < 0)
      throw new StatusError('failed_precondition', `the count of a wait group would become ${count}`, {
        reason: 'WAIT_GROUP_NEGATIVE',
      });
    this.#count = count;
    if (count === 0) deliverAll(this.#waiting, undefined);
  }

  /** One task has ended: `add(-1)`. */
  done(): void {
    this.add(-1);
  }

  /** Waits until the count is 0. */
  wait(ctx: Context): Awaitable<void> {
    refuseDone(ctx);
    if (this.#count > 0) return park(ctx, this.#waiting, this.#place, 'wait', undefined);
  }

  /**
   * Counts `fn`, calls it at once and counts it as done when what it returns has settled. `fn` must not fail: as in Go
   * that ends the program (as an unhandled rejection), and `wait` does not return before that.
   */
  go(fn: () => Awaitable<void>): void {
    this.add();
    void this.#run(fn);
  }

  async #run(fn: () => Awaitable<void>): Promise<void> {
    if (tracker === undefined) {
      await fn();
    } else {
      const task = { describe: () => `task of ${titled('wait group', this.#name)}` };
      try {
        await tracker.task(task, fn);
      } finally {
        tracker?.ended(task);
      }
    }
    this.done();
  }
}
