import type { Context } from '../context/context.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import { isThenable } from '../parking/thenable.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { type NameOptions, titled } from './name.ts';

/** Runs one function once, whoever comes first. */
export class Once {
  #state: 'new' | 'running' | 'done' = 'new';
  readonly #name: string | undefined;
  readonly #waiting = new LinkedList<Waiter<void>>();
  readonly #place: ParkingPlace = {
    describe: (operation) => `${operation} on ${titled('once', this.#name)}`,
  };

  constructor({ name }: NameOptions = {}) {
    this.#name = name;
  }

  /**
   * The first call runs `fn`; those that come meanwhile wait until it has ended; later ones return at once. As in Go a
   * run that fails counts: its caller gets the error, the others return, and nobody runs it again.
   *
   * `ctx` bounds the wait for somebody else's run. One's own run ends when `fn` does: give `fn` the Context too. A call
   * from within `fn` waits for itself, until its Context ends.
   */
  do(ctx: Context, fn: () => Awaitable<void>): Awaitable<void> {
    refuseDone(ctx);
    if (this.#state === 'done') return;
    if (this.#state === 'running') return park(ctx, this.#waiting, this.#place, 'do', undefined);
    this.#state = 'running';
    let isSettled = true;
    try {
      const result = fn();
      if (!isThenable(result)) return;
      isSettled = false;
      return this.#settle(result);
    } finally {
      if (isSettled) this.#done();
    }
  }

  async #settle(result: PromiseLike<void>): Promise<void> {
    try {
      await result;
    } finally {
      this.#done();
    }
  }

  #done(): void {
    this.#state = 'done';
    deliverAll(this.#waiting, undefined);
  }
}
