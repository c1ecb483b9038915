import { StatusError } from '../../errors/index.ts';
import type { Context } from '../context/context.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { type NameOptions, titled } from './name.ts';

/** A share of a semaphore, until it is released. `using` releases it at the end of the block. */
export interface Permit extends Disposable {
  /** How much of the semaphore it is. */
  readonly n: number;
  /** Gives it back whole. Throws `failed_precondition`, `PERMIT_RELEASED`, the second time; disposing it again does nothing. */
  release(): void;
}

/**
 * `size` units that many holders share: connections, or bytes in flight. Strictly first come, first served: while a
 * large request waits, the small ones behind it wait too, so it is not starved; if it gives up, they go on.
 *
 *     using permit = await semaphore.acquire(ctx, body.length);
 */
export class Semaphore {
  readonly size: number;
  readonly #units: Units;

  /** `size`: a whole number from 1. */
  constructor(size: number, { name }: NameOptions = {}) {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new RangeError(`Semaphore: the size ${size} is not a whole number from 1 to 2^53 - 1`);
    this.size = size;
    this.#units = new Units(size, name);
  }

  /** The units that nobody holds. Above 0 it does not mean that the next request need not wait: see those in line. */
  get available(): number {
    return this.#units.available;
  }

  /** Waits its turn, and until `n` units are free (a whole number from 0 to `size`, default 1). */
  acquire(ctx: Context, n = 1): Awaitable<Permit> {
    this.#check('acquire', n);
    refuseDone(ctx);
    return this.#units.tryTake(n) ?? this.#units.wait(ctx, n);
  }

  /** Undefined if `n` units are not free, or others wait. */
  tryAcquire(n = 1): Permit | undefined {
    this.#check('tryAcquire', n);
    return this.#units.tryTake(n);
  }

  #check(operation: string, n: number): void {
    if (!(Number.isSafeInteger(n) && n >= 0 && n <= this.size))
      throw new RangeError(
        `${operation}: ${n} is not a whole number from 0 to the size of the semaphore, ${this.size}`,
      );
  }
}

/** Apart from Semaphore, so that what permits and parked operations call is not offered to users. */
class Units implements ParkingPlace {
  available: number;
  readonly #size: number;
  readonly #name: string | undefined;
  readonly #waiting = new LinkedList<Waiter<Permit, Share>>();

  constructor(size: number, name: string | undefined) {
    this.available = size;
    this.#size = size;
    this.#name = name;
  }

  tryTake(n: number): Permit | undefined {
    if (n > this.available || this.#waiting.head !== undefined) return undefined;
    this.available -= n;
    return new Share(this, n);
  }

  wait(ctx: Context, n: number): Promise<Permit> {
    return park(ctx, this.#waiting, this, 'acquire', new Share(this, n));
  }

  release(n: number): void {
    this.available += n;
    this.#admit();
  }

  waiterLeft(): void {
    this.#admit();
  }

  describe(operation: string): string {
    return `${operation} on ${titled('semaphore', this.#name)} (${this.available} of ${this.#size} free)`;
  }

  /** Lets those go on whose turn it is and for whom there is room. One that is doomed leaves next, and this is called again. */
  #admit(): void {
    for (
      let next = this.#waiting.head;
      next !== undefined && !next.isDoomed && next.payload.n <= this.available;
      next = this.#waiting.head
    ) {
      this.available -= next.payload.n;
      next.deliver(next.payload);
    }
  }
}

/** Made before it is granted, and handed out only then. */
class Share implements Permit {
  declare readonly n: number;
  declare private readonly of: Units;
  declare private isReleased: boolean;

  constructor(of: Units, n: number) {
    this.of = of;
    this.n = n;
    this.isReleased = false;
  }

  release(): void {
    if (this.isReleased)
      throw new StatusError('failed_precondition', 'release of a permit that was released', {
        reason: 'PERMIT_RELEASED',
      });
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.of.release(this.n);
  }
}
