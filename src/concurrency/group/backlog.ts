import { StatusError } from '../../errors/index.ts';
import { Ring } from '../channel/ring.ts';
import { background } from '../context/context-tree.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import type { Awaitable } from '../parking/waiting.ts';

/**
 * What waits before a group that is at its limit: up to `max` entries, in their order, and the producers that wait until
 * an entry would pass without waiting. To let a producer go on reserves nothing for it.
 */
export class Backlog<T> implements ParkingPlace {
  readonly #max: number;
  readonly #entries = new Ring<T>();
  readonly #producers = new LinkedList<Waiter<void>>();
  readonly #freePlaces: () => number;
  #isChecking = false;

  constructor(max: number, freePlaces: () => number) {
    this.#max = max;
    this.#freePlaces = freePlaces;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Whether neither entries nor producers wait. */
  get isIdle(): boolean {
    return this.#entries.length === 0 && this.#producers.head === undefined;
  }

  push(entry: T): void {
    if (this.#entries.length >= this.#max) {
      throw new StatusError(
        'resource_exhausted',
        `${this.#entries.length} tasks wait in the group already, of at most ${this.#max}; await group.room() before go, or raise the option queue`,
        { reason: 'GROUP_QUEUE_FULL' },
      );
    }
    this.#entries.push(entry);
  }

  /** The oldest entry. Call it only if there is one. */
  shift(): T {
    return this.#entries.shift();
  }

  room(): Awaitable<void> {
    // Where others wait although a place is free, that place is for one that has been woken; `checkLater` sees to the rest.
    if (this.#producers.head !== undefined || this.#usablePlaces() === 0)
      return park(background(), this.#producers, this, 'room', undefined);
  }

  /** A task ended: one producer may go on if no entry took the place. */
  placeFreed(): void {
    if (this.#usablePlaces() > 0) this.#wake(1);
  }

  /** All that wait for room throw what `error` makes. */
  refuseProducers(error: () => unknown): void {
    for (let producer = this.#producers.head; producer !== undefined; producer = this.#producers.head)
      producer.fail(error());
  }

  describe(operation: string): string {
    return `${operation} in a group (${this.length} of ${this.#max} tasks wait)`;
  }

  #usablePlaces(): number {
    return this.#entries.length > 0 ? 0 : this.#freePlaces();
  }

  #wake(count: number): void {
    for (let left = count; left > 0 && this.#producers.head !== undefined; left--) this.#producers.head.deliver();
    if (count > 0 && this.#producers.head !== undefined) this.#checkLater();
  }

  /** One that was woken may add nothing: those behind it must not wait for a task that nobody starts. */
  #checkLater(): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    setImmediate(() => {
      this.#isChecking = false;
      this.#wake(this.#usablePlaces());
    });
  }
}
