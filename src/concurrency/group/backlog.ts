import { StatusError } from '../../errors/index.ts';
import { Ring } from '../channel/ring.ts';
import { background } from '../context/context-tree.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import type { Awaitable } from '../parking/waiting.ts';

/**
 * What waits before a group that is at its limit: up to `max` entries, in their order, and behind them the producers that
 * wait for room. Each entry that leaves lets one producer go on.
 */
export class Backlog<T> implements ParkingPlace {
  readonly #max: number;
  readonly #entries = new Ring<T>();
  readonly #producers = new LinkedList<Waiter<void>>();
  /** Whether an entry could pass without waiting here. */
  readonly #canPass: () => boolean;
  /**
   * Producers that were told of room and have added nothing yet. Between being told and adding lies a microtask, in which
   * another may take the place; they may then go one beyond `max` each, rather than fail although they had asked.
   */
  #promised = 0;
  #isChecking = false;

  constructor(max: number, canPass: () => boolean) {
    this.#max = max;
    this.#canPass = canPass;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Whether neither entries nor producers wait. */
  get isIdle(): boolean {
    return this.#entries.length === 0 && this.#producers.head === undefined;
  }

  push(entry: T): void {
    if (this.#entries.length >= this.#max && this.#promised === 0) {
      throw new StatusError(
        'resource_exhausted',
        `${this.#entries.length} tasks wait in the group already, of at most ${this.#max}; await group.room() before go, or raise the option queue`,
        { reason: 'GROUP_QUEUE_FULL' },
      );
    }
    this.added();
    this.#entries.push(entry);
  }

  /** Somebody added an entry, here or past it: it may have been one who had asked for room. */
  added(): void {
    if (this.#promised > 0) this.#promised--;
  }

  /** The oldest entry. Call it only if there is one. */
  shift(): T {
    return this.#entries.shift();
  }

  room(): Awaitable<void> {
    if (this.#producers.head !== undefined || !this.#hasRoom()) {
      return park(background(), this.#producers, this, 'room', undefined);
    }
    this.#promised++;
  }

  /** A task ended: one producer may go on. */
  roomMade(): void {
    const producer = this.#producers.head;
    if (producer === undefined || !this.#hasRoom()) return;
    this.#promised++;
    producer.deliver();
    if (this.#producers.head !== undefined && !this.#isChecking) this.#checkLater();
  }

  /** All that wait for room throw what `error` makes. */
  refuseProducers(error: () => unknown): void {
    for (let producer = this.#producers.head; producer !== undefined; producer = this.#producers.head)
      producer.fail(error());
  }

  describe(operation: string): string {
    return `${operation} in a group (${this.length} of ${this.#max} tasks wait)`;
  }

  #hasRoom(): boolean {
    return this.#entries.length < this.#max || this.#canPass();
  }

  /** One that was told of room may add nothing: those behind it must not wait for a task that nobody starts. */
  #checkLater(): void {
    this.#isChecking = true;
    setImmediate(() => {
      this.#isChecking = false;
      this.roomMade();
    });
  }
}
