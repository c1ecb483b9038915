import type { Context } from '../context/context.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';

/** Where a stage waits until something changed that it then looks at itself. A ring that nobody waits for is not kept. */
export class Bell implements ParkingPlace {
  readonly #what: string;
  readonly #waiting = new LinkedList<Waiter<void>>();

  /** `what` it waits for, for people: `a result of fanOut`. */
  constructor(what: string) {
    this.#what = what;
  }

  wait(ctx: Context): Promise<void> {
    return park(ctx, this.#waiting, this, 'wait', undefined);
  }

  ring(): void {
    this.#waiting.head?.deliver();
  }

  describe(): string {
    return `${this.#what} in a pipeline`;
  }
}
