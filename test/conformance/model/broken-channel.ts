import type { Awaitable, Chan, Context } from 'flotilla/concurrency';
import { StatusError } from 'flotilla/errors';
import { type Case, type CaseWaiter, notReady } from '../../../src/concurrency/channel/select-case.ts';
import { LinkedList } from '../../../src/concurrency/parking/linked-list.ts';
import { park, type Waiter } from '../../../src/concurrency/parking/park.ts';

/** What can be wrong with a channel. */
export const channelFaults = [
  'wakes the last receiver first',
  'wakes the last sender first',
  'gives the newest value of its buffer first',
  'lets a new receiver overtake the senders that wait while the buffer is full',
  'delivers one value twice',
  'drops a value where no receiver waits and no place is free',
  'holds one value too many',
  'forgets a receiver when another gives up',
  'keeps a receiver that gave up',
  'keeps a sender that gave up',
  'keeps the losing recv of a select',
  'keeps the losing send of a select',
  'wakes one receiver only when it is closed',
  'leaves senders waiting when it is closed',
  'drops what it holds when it is closed',
  'ignores a context that has ended where it is ready',
  'does the operation although the context has ended, then throws',
  'lets a send go on before its value was taken',
  'wakes a receiver with nothing',
] as const;
export type ChannelFault = (typeof channelFaults)[number] | undefined;

/** A list that whoever gives up, or loses, may not leave as it should. */
class Leaky<T, P> extends LinkedList<Waiter<T, P>> {
  readonly #fault: 'keeps' | 'forgets next' | undefined;

  constructor(fault: 'keeps' | 'forgets next' | undefined) {
    super();
    this.#fault = fault;
  }

  /** Takes one out that is served. */
  take(waiter: Waiter<T, P>): Waiter<T, P> {
    super.remove(waiter);
    return waiter;
  }

  override remove(waiter: Waiter<T, P>): void {
    if (this.#fault === 'keeps') return;
    if (this.#fault === 'forgets next' && waiter.next !== undefined) super.remove(waiter.next);
    super.remove(waiter);
  }
}

/**
 * A channel written once more, as plainly as possible, with one fault of choice. Without a fault it passes the check,
 * which shows that it is the fault that is found.
 */
class BrokenChan implements Chan<number> {
  readonly cap: number;
  readonly #fault: ChannelFault;
  readonly #buffer: number[] = [];
  readonly #receivers: Leaky<number | undefined, undefined>;
  readonly #senders: Leaky<void, number>;
  isClosed = false;

  constructor(cap: number, fault: ChannelFault) {
    this.cap = cap;
    this.#fault = fault;
    const keeps = (which: ChannelFault) => (fault === which ? 'keeps' : undefined);
    const forgets = fault === 'forgets a receiver when another gives up' ? 'forgets next' : undefined;
    this.#receivers = new Leaky(keeps('keeps a receiver that gave up') ?? forgets);
    this.#senders = new Leaky(keeps('keeps a sender that gave up'));
  }

  get len(): number {
    return this.#buffer.length;
  }

  send(ctx: Context, item: number): Awaitable<void> {
    this.#refuse(ctx, () => this.trySend(item));
    if (this.trySend(item)) return;
    const parked = park(ctx, this.#senders, this, 'send', item);
    if (this.#fault !== 'lets a send go on before its value was taken') return parked;
    parked.catch(() => {});
    return;
  }

  trySend(item: number): boolean {
    if (this.isClosed) throw closed();
    const receiver = this.#first(this.#receivers, 'wakes the last receiver first');
    if (receiver !== undefined) {
      this.#receivers.take(receiver).deliver(this.#fault === 'wakes a receiver with nothing' ? undefined : item);
      const second = this.#receivers.head;
      if (this.#fault === 'delivers one value twice' && second !== undefined)
        this.#receivers.take(second).deliver(item);
      return true;
    }
    if (this.#fault === 'drops a value where no receiver waits and no place is free' && this.cap === 0) return true;
    if (this.#buffer.length >= this.cap + (this.#fault === 'holds one value too many' && this.cap > 0 ? 1 : 0))
      return false;
    this.#buffer.push(item);
    return true;
  }

  recv(ctx: Context): Awaitable<number | undefined> {
    this.#refuse(ctx, () => this.tryRecv());
    const item = this.tryRecv();
    return item !== undefined || this.isClosed ? item : park(ctx, this.#receivers, this, 'recv', undefined);
  }

  tryRecv(): number | undefined {
    const sender = this.#first(this.#senders, 'wakes the last sender first');
    if (sender !== undefined && (this.#buffer.length === 0 || this.#overtakes())) {
      this.#senders.take(sender).deliver();
      return sender.payload;
    }
    const item =
      this.#fault === 'gives the newest value of its buffer first' ? this.#buffer.pop() : this.#buffer.shift();
    if (sender !== undefined) {
      this.#buffer.push(sender.payload);
      this.#senders.take(sender).deliver();
    }
    return item;
  }

  close(): void {
    if (this.isClosed) throw closed();
    this.isClosed = true;
    if (this.#fault === 'drops what it holds when it is closed') this.#buffer.length = 0;
    for (let receiver = this.#receivers.head; receiver !== undefined; receiver = this.#receivers.head) {
      this.#receivers.take(receiver).deliver(undefined);
      if (this.#fault === 'wakes one receiver only when it is closed') break;
    }
    if (this.#fault === 'leaves senders waiting when it is closed') return;
    for (let sender = this.#senders.head; sender !== undefined; sender = this.#senders.head)
      this.#senders.take(sender).fail(closed());
  }

  recvCase(): Case<number | undefined> {
    return new BrokenCase(this.#receivers, undefined, this.#fault === 'keeps the losing recv of a select', () => {
      const item = this.tryRecv();
      return item === undefined && !this.isClosed ? notReady : item;
    });
  }

  sendCase(item: number): Case<void> {
    return new BrokenCase(this.#senders, item, this.#fault === 'keeps the losing send of a select', () =>
      this.trySend(item) ? undefined : notReady,
    );
  }

  values(): AsyncIterable<number> {
    throw new Error('the programs do not iterate');
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    throw new Error('the programs do not iterate');
  }

  describe(operation: string): string {
    return operation;
  }

  #overtakes(): boolean {
    return this.#fault === 'lets a new receiver overtake the senders that wait while the buffer is full';
  }

  #refuse(ctx: Context, operation: () => void): void {
    if (ctx.err() === undefined) return;
    if (this.#fault === 'does the operation although the context has ended, then throws') operation();
    if (this.#fault !== 'ignores a context that has ended where it is ready') ctx.throwIfDone();
  }

  #first<T, P>(queue: Leaky<T, P>, lastFirst: ChannelFault): Waiter<T, P> | undefined {
    return this.#fault === lastFirst ? [...queue].at(-1) : queue.head;
  }
}

/** A case in a queue of the channel. */
class BrokenCase<T> implements Case<T> {
  readonly #queue: LinkedList<Waiter<never, unknown>>;
  readonly #item: unknown;
  readonly #stays: boolean;
  readonly attempt: () => T | typeof notReady;

  constructor(queue: object, item: unknown, stays: boolean, attempt: () => T | typeof notReady) {
    this.#queue = queue as LinkedList<Waiter<never, unknown>>;
    this.#item = item;
    this.#stays = stays;
    this.attempt = attempt;
  }

  park(waiter: CaseWaiter<never>): void {
    waiter.payload = this.#item;
    this.#queue.push(waiter as unknown as Waiter<never, unknown>);
  }

  leave(waiter: CaseWaiter<never>): void {
    if (!this.#stays) waiter.list?.remove(waiter);
  }

  describe(): string {
    return 'a case';
  }
}

function closed(): StatusError {
  return new StatusError('failed_precondition', 'closed', { reason: 'CHANNEL_CLOSED' });
}

/** A channel with one fault. */
export function brokenChan(cap: number, fault: ChannelFault): Chan<number> {
  return new BrokenChan(cap, fault);
}
