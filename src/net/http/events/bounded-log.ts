import type { Context, Stop } from '../../../concurrency/index.ts';
import { StatusError } from '../../../errors/index.ts';
import type { EventLog } from './event-log.ts';
import { EncodedEvent, type ServerSentEvent } from './server-sent-events.ts';

/** The log as a ring in memory. */
export class BoundedLog implements EventLog {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #reset: Omit<ServerSentEvent, 'id'>;
  readonly #epoch: string;
  /** A ring: the event with the number `n` is at `n % maxEvents`. */
  readonly #events: (EncodedEvent | undefined)[] = [];
  /** The number of the oldest event that is kept, and of the next one. */
  #first = 1;
  #next = 1;
  #bytes = 0;
  #isClosed = false;
  /** Those who have read everything. */
  #waiting: Follower[] = [];

  constructor(maxEvents: number, maxBytes: number, reset: Omit<ServerSentEvent, 'id'>, epoch: string) {
    // No event is smaller than 16 bytes, so the ring needs no more places.
    this.#maxEvents = Math.min(maxEvents, Math.max(1, Math.floor(maxBytes / 16)));
    this.#maxBytes = maxBytes;
    this.#reset = reset;
    this.#epoch = epoch;
  }

  get lastId(): string {
    return this.#idOf(this.#next - 1);
  }

  get size(): number {
    return this.#next - this.#first;
  }

  get next(): number {
    return this.#next;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  append(event: Omit<ServerSentEvent, 'id'>): string {
    if (this.#isClosed)
      throw new StatusError('failed_precondition', 'the event log is closed', { reason: 'LOG_CLOSED' });
    const encoded = EncodedEvent.of(event, this.#idOf(this.#next));
    const { length } = encoded.bytes;
    if (length > this.#maxBytes)
      throw new RangeError(`an event of ${length} bytes does not fit into a log of ${this.#maxBytes}`);
    while (this.size === this.#maxEvents || this.#bytes + length > this.#maxBytes) this.#dropOldest();
    this.#events[this.#next % this.#maxEvents] = encoded;
    this.#next++;
    this.#bytes += length;
    this.#wake();
    return encoded.id;
  }

  follow(ctx: Context, lastEventId?: string): AsyncIterableIterator<ServerSentEvent> {
    if (lastEventId === undefined) return new Follower(this, ctx, this.#next, 'place');
    const position = this.#positionAfter(lastEventId);
    return position === undefined
      ? new Follower(this, ctx, this.#next, 'reset')
      : new Follower(this, ctx, position, undefined);
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  idBefore(number: number): string {
    return this.#idOf(number - 1);
  }

  /** The event with that number: undefined if it is not kept any more. */
  at(number: number): EncodedEvent | undefined {
    return number >= this.#first ? this.#events[number % this.#maxEvents] : undefined;
  }

  /** What tells a client to begin anew at the end of the log. */
  resetEvent(): EncodedEvent {
    return EncodedEvent.of(this.#reset, this.lastId);
  }

  enter(follower: Follower): void {
    follower.place = this.#waiting.push(follower) - 1;
  }

  /** The last takes its place. */
  leave(follower: Follower): void {
    const { place } = follower;
    if (place < 0) return;
    follower.place = -1;
    const last = this.#waiting.pop()!;
    if (last === follower) return;
    this.#waiting[place] = last;
    last.place = place;
  }

  #wake(): void {
    const waiting = this.#waiting;
    // Each enters anew when it has taken what there is.
    this.#waiting = [];
    for (const follower of waiting) {
      follower.place = -1;
      follower.wake();
    }
  }

  #dropOldest(): void {
    const slot = this.#first % this.#maxEvents;
    this.#bytes -= this.#events[slot]!.bytes.length;
    this.#events[slot] = undefined;
    this.#first++;
  }

  #idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  /** The number after that of the id; undefined if the id is not one of ours, or something after it is gone. */
  #positionAfter(id: string): number | undefined {
    const digits = id.startsWith(`${this.#epoch}-`) ? id.slice(this.#epoch.length + 1) : '';
    if (!/^(?:0|[1-9]\d{0,15})$/.test(digits)) return undefined;
    const position = Number(digits) + 1;
    return position >= this.#first && position <= this.#next ? position : undefined;
  }
}

/** One reader's place in the log. It registers nowhere until it has to wait. */
class Follower implements AsyncIterableIterator<ServerSentEvent> {
  /** In the list of those who wait; -1: in none. */
  place = -1;
  readonly #log: BoundedLog;
  readonly #ctx: Context;
  /** The number of the event to give next. */
  #position: number;
  /** What it gets before. */
  #before: 'place' | 'reset' | undefined;
  #hasLeft = false;
  #resolve: ((result: IteratorResult<ServerSentEvent>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #leaveContext: Stop | undefined;

  constructor(log: BoundedLog, ctx: Context, position: number, before: 'place' | 'reset' | undefined) {
    this.#log = log;
    this.#ctx = ctx;
    this.#position = position;
    this.#before = before;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ServerSentEvent>> {
    if (this.#hasLeft) return Promise.resolve({ done: true, value: undefined });
    const value = this.#take();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#log.isClosed) return this.return();
    return new Promise(this.#wait);
  }

  return(): Promise<IteratorResult<ServerSentEvent>> {
    this.#hasLeft = true;
    this.#log.leave(this);
    this.#leaveContext?.();
    this.#resolve?.({ done: true, value: undefined });
    this.#resolve = undefined;
    this.#reject = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  /** There is something to take, or the log is closed. */
  wake(): void {
    const resolve = this.#resolve;
    const value = this.#take();
    if (value === undefined) {
      void this.return();
      return;
    }
    this.#resolve = undefined;
    this.#reject = undefined;
    resolve?.({ done: false, value });
  }

  readonly #wait = (
    resolve: (result: IteratorResult<ServerSentEvent>) => void,
    reject: (error: unknown) => void,
  ): void => {
    if (this.#resolve !== undefined)
      throw new TypeError('a follower was asked for an event before it gave the last one');
    this.#ctx.throwIfDone();
    this.#leaveContext ??= this.#ctx.onDone(() => this.#onDone());
    this.#resolve = resolve;
    this.#reject = reject;
    this.#log.enter(this);
  };

  #onDone(): void {
    const reject = this.#reject;
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#log.leave(this);
    try {
      this.#ctx.throwIfDone();
    } catch (error) {
      reject?.(error);
    }
  }

  #take(): EncodedEvent | undefined {
    if (this.#before !== undefined) return this.#takeBefore();
    if (this.#position === this.#log.next) return undefined;
    const event = this.#log.at(this.#position);
    if (event !== undefined) {
      this.#position++;
      return event;
    }
    this.#before = 'reset';
    return this.#takeBefore();
  }

  #takeBefore(): EncodedEvent {
    const isReset = this.#before === 'reset';
    this.#before = undefined;
    if (!isReset) return EncodedEvent.position(this.#log.idBefore(this.#position));
    this.#position = this.#log.next;
    return this.#log.resetEvent();
  }
}
