import { StatusError } from '../../errors/index.ts';
import type { Context } from '../context/context.ts';
import { background } from '../context/context-tree.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import type { Awaitable } from '../parking/waiting.ts';
import type { Chan, Item } from './channel.ts';
import { Ring } from './ring.ts';
import { type Case, type CaseWaiter, notReady } from './select-case.ts';

/** The channel of one thread. Invariant, after Go's `chan.go`: senders wait only while the buffer is full, receivers only while it is empty. */
class LocalChan<T extends Item> implements Chan<T>, ParkingPlace {
  readonly cap: number;
  readonly #name: string | undefined;
  readonly #buffer = new Ring<T>();
  readonly #receivers = new LinkedList<Waiter<T | undefined>>();
  readonly #senders = new LinkedList<Waiter<void, T>>();
  readonly #recvCase: RecvCase<T>;
  #isClosed = false;

  constructor(cap: number, name: string | undefined) {
    this.cap = cap;
    this.#name = name;
    this.#recvCase = new RecvCase(this, this.#receivers);
  }

  get len(): number {
    return this.#buffer.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(ctx: Context, item: T): Awaitable<void> {
    refuseDone(ctx);
    if (this.trySend(item)) return;
    return park(ctx, this.#senders, this, 'send', item);
  }

  trySend(item: T): boolean {
    if (item === undefined) throw new TypeError('send: undefined cannot be sent, it is what recv gives at the end');
    if (this.#isClosed) throw closedError('send on a closed channel', this.#name);
    const receiver = this.#receivers.head;
    if (receiver !== undefined) {
      receiver.deliver(item);
      return true;
    }
    if (this.#buffer.length >= this.cap) return false;
    this.#buffer.push(item);
    return true;
  }

  recv(ctx: Context): Awaitable<T | undefined> {
    refuseDone(ctx);
    const item = this.tryRecv();
    if (item !== undefined || this.#isClosed) return item;
    return park(ctx, this.#receivers, this, 'recv', undefined);
  }

  tryRecv(): T | undefined {
    const sender = this.#senders.head;
    if (this.#buffer.length > 0) {
      const item = this.#buffer.shift();
      if (sender !== undefined) {
        this.#buffer.push(sender.payload);
        sender.deliver();
      }
      return item;
    }
    if (sender === undefined) return undefined;
    sender.deliver();
    return sender.payload;
  }

  close(): void {
    if (this.#isClosed) throw closedError('close of a closed channel', this.#name);
    this.#isClosed = true;
    deliverAll(this.#receivers, undefined);
    for (let sender = this.#senders.head; sender !== undefined; sender = this.#senders.head)
      sender.fail(closedError('send on a channel that was closed meanwhile', this.#name));
  }

  values(ctx: Context): AsyncIterable<T> {
    return { [Symbol.asyncIterator]: () => new Values(this, ctx) };
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return new Values(this, background());
  }

  recvCase(): Case<T | undefined> {
    return this.#recvCase;
  }

  sendCase(item: T): Case<void> {
    return new SendCase(this, this.#senders, item);
  }

  describe(operation: string): string {
    const name = this.#name === undefined ? '' : ` "${this.#name}"`;
    const state = this.cap === 0 ? 'unbuffered' : `${this.len} of ${this.cap}`;
    return `${operation} on chan${name} (${state})`;
  }
}

class RecvCase<T extends Item> implements Case<T | undefined> {
  readonly #chan: LocalChan<T>;
  readonly #queue: LinkedList<Waiter<T | undefined>>;

  constructor(chan: LocalChan<T>, queue: LinkedList<Waiter<T | undefined>>) {
    this.#chan = chan;
    this.#queue = queue;
  }

  attempt(): T | undefined | typeof notReady {
    const item = this.#chan.tryRecv();
    return item === undefined && !this.#chan.isClosed ? notReady : item;
  }

  park(waiter: CaseWaiter<T | undefined>): void {
    this.#queue.push(waiter as unknown as Waiter<T | undefined>);
  }

  leave(waiter: CaseWaiter<T | undefined>): void {
    waiter.list?.remove(waiter);
  }

  describe(): string {
    return this.#chan.describe('recv');
  }
}

class SendCase<T extends Item> implements Case<void> {
  readonly #chan: LocalChan<T>;
  readonly #queue: LinkedList<Waiter<void, T>>;
  readonly #item: T;

  constructor(chan: LocalChan<T>, queue: LinkedList<Waiter<void, T>>, item: T) {
    this.#chan = chan;
    this.#queue = queue;
    this.#item = item;
  }

  attempt(): void | typeof notReady {
    return this.#chan.trySend(this.#item) ? undefined : notReady;
  }

  park(waiter: CaseWaiter<void>): void {
    waiter.payload = this.#item;
    this.#queue.push(waiter as unknown as Waiter<void, T>);
  }

  leave(waiter: CaseWaiter<void>): void {
    waiter.list?.remove(waiter);
  }

  describe(): string {
    return this.#chan.describe('send');
  }
}

class Values<T extends Item> implements AsyncIterator<T> {
  readonly #chan: LocalChan<T>;
  readonly #ctx: Context;

  constructor(chan: LocalChan<T>, ctx: Context) {
    this.#chan = chan;
    this.#ctx = ctx;
  }

  next(): Promise<IteratorResult<T>> {
    try {
      const item = this.#chan.recv(this.#ctx);
      return item instanceof Promise ? item.then(resultOf<T>) : Promise.resolve(resultOf<T>(item));
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

function resultOf<T>(item: T | undefined): IteratorResult<T> {
  return item === undefined ? { value: undefined, done: true } : { value: item, done: false };
}

function closedError(what: string, name: string | undefined): StatusError {
  return new StatusError('failed_precondition', name === undefined ? what : `${what}: "${name}"`, {
    reason: 'CHANNEL_CLOSED',
  });
}

export interface ChanOptions {
  /** For people: shown by `dumpTasks` and in errors. Default: none. */
  readonly name?: string;
}

/**
 * Makes a channel that holds up to `cap` values (a whole number from 0; default 0, unbuffered). The room is taken as it is
 * needed, up to `cap`. A channel needs no closing: unreachable, it is collected like any object.
 */
export function chan<T extends Item>(cap = 0, { name }: ChanOptions = {}): Chan<T> {
  if (!Number.isInteger(cap) || cap < 0 || cap > 2 ** 30)
    throw new RangeError(`chan: the capacity ${cap} is not a whole number from 0 to 2^30`);
  return new LocalChan<T>(cap, name);
}
