import type { Context } from '../context/context.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Hold, type Holdable } from './hold.ts';
import type { Lock, Locker } from './locker.ts';
import { type NameOptions, titled } from './name.ts';

/**
 * Many readers or one writer, across awaits. Neither starves: a writer that waits stops new readers, and when a writer
 * is done the readers that wait go together before the next writer. Writers take turns in the order they came.
 *
 * A reader must not read-lock again while it holds one: a writer that came in between would wait for the first, and the
 * second for the writer.
 */
export class RWMutex implements Locker {
  /** The read side as a Locker: its `lock` is `rLock`. */
  readonly reader: Locker;
  readonly #readers: Readers;
  readonly #writers: Writers;

  constructor({ name }: NameOptions = {}) {
    const sides = new Sides(name);
    this.#readers = new Readers(sides);
    this.#writers = new Writers(sides);
    this.reader = this.#readers;
  }

  /** For writing: waits until nobody else holds it. */
  lock(ctx: Context): Awaitable<Lock> {
    return this.#writers.take(ctx, new Hold(this.#writers));
  }

  /** For writing: undefined if anybody holds it. */
  tryLock(): Lock | undefined {
    return this.#writers.tryLock();
  }

  /** For reading: waits while a writer holds it or waits for it. */
  rLock(ctx: Context): Awaitable<Lock> {
    return this.#readers.lock(ctx);
  }

  /** For reading: undefined if a writer holds it or waits for it. */
  tryRLock(): Lock | undefined {
    return this.#readers.tryLock();
  }
}

/** The state that both sides share. Whenever it is free nobody waits; readers wait only behind a writer. */
class Sides implements ParkingPlace {
  /** How many hold it for reading; -1: one holds it for writing. */
  holders = 0;
  readonly waitingReaders = new LinkedList<Waiter<Lock, Hold>>();
  readonly waitingWriters = new LinkedList<Waiter<Lock, Hold>>();
  readonly #name: string | undefined;

  constructor(name: string | undefined) {
    this.#name = name;
  }

  get isOpenToReaders(): boolean {
    return this.holders >= 0 && this.waitingWriters.head === undefined;
  }

  /** A writer that gave up no longer stops the readers behind it. */
  waiterLeft(): void {
    if (this.isOpenToReaders) this.admitReaders();
  }

  /** Lets all readers that wait go on. One that is doomed leaves next, and this is called again. */
  admitReaders(): void {
    for (let next = this.waitingReaders.head; next !== undefined && !next.isDoomed; next = this.waitingReaders.head) {
      this.holders++;
      next.deliver(next.payload.granted());
    }
  }

  admitWriter(): void {
    const next = this.waitingWriters.head;
    if (next === undefined) return;
    this.holders = -1;
    next.deliver(next.payload.granted());
  }

  describe(operation: string): string {
    const holders = this.holders < 0 ? 'a writer' : `${this.holders} readers`;
    return `${operation} on ${titled('rwmutex', this.#name)} (held by ${holders})`;
  }
}

class Readers implements Locker, Holdable {
  readonly #sides: Sides;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  lock(ctx: Context): Awaitable<Lock> {
    return this.take(ctx, new Hold(this));
  }

  tryLock(): Lock | undefined {
    if (!this.#sides.isOpenToReaders) return undefined;
    this.#sides.holders++;
    return new Hold(this).granted();
  }

  take(ctx: Context, hold: Hold): Awaitable<Lock> {
    refuseDone(ctx);
    const sides = this.#sides;
    if (!sides.isOpenToReaders) return park(ctx, sides.waitingReaders, sides, 'rLock', hold);
    sides.holders++;
    return hold.granted();
  }

  release(): void {
    if (--this.#sides.holders === 0) this.#sides.admitWriter();
  }
}

class Writers implements Holdable {
  readonly #sides: Sides;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  tryLock(): Lock | undefined {
    if (this.#sides.holders !== 0) return undefined;
    this.#sides.holders = -1;
    return new Hold(this).granted();
  }

  take(ctx: Context, hold: Hold): Awaitable<Lock> {
    refuseDone(ctx);
    const sides = this.#sides;
    if (sides.holders !== 0) return park(ctx, sides.waitingWriters, sides, 'lock', hold);
    sides.holders = -1;
    return hold.granted();
  }

  release(): void {
    const sides = this.#sides;
    sides.holders = 0;
    if (sides.waitingReaders.head === undefined) sides.admitWriter();
    else sides.admitReaders();
  }
}
