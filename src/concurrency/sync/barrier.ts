import type { Context } from '../context/context.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { type NameOptions, titled } from './name.ts';

/** Where `parties` tasks meet: each waits until all are there, then all go on and the next round begins. */
export class Barrier {
  readonly parties: number;
  #arrived = 0;
  #generation = 0;
  readonly #name: string | undefined;
  readonly #waiting = new LinkedList<Waiter<number>>();
  readonly #place: ParkingPlace = {
    describe: (operation) =>
      `${operation} on ${titled('barrier', this.#name)} (${this.#arrived} of ${this.parties} arrived)`,
    waiterLeft: () => {
      this.#arrived--;
    },
  };

  /** `parties`: a whole number from 1. */
  constructor(parties: number, { name }: NameOptions = {}) {
    if (!Number.isSafeInteger(parties) || parties < 1)
      throw new RangeError(`Barrier: ${parties} parties is not a whole number from 1 to 2^53 - 1`);
    this.parties = parties;
    this.#name = name;
  }

  /** How many wait in this round. */
  get arrived(): number {
    return this.#arrived;
  }

  /**
   * Waits until all are there and gives the number of the round, from 0; the last to arrive does not wait. One whose
   * `ctx` ends is no longer counted, and the round waits for another in its place.
   */
  arrive(ctx: Context): Awaitable<number> {
    refuseDone(ctx);
    if (this.#arrived + 1 < this.parties) {
      const turn = park(ctx, this.#waiting, this.#place, 'arrive', undefined);
      this.#arrived++;
      return turn;
    }
    const generation = this.#generation++;
    this.#arrived = 0;
    deliverAll(this.#waiting, generation);
    return generation;
  }
}
