import type { Source } from '../codec/source.ts';
import type { MuxEngine } from './engine.ts';
import type { MuxStream } from './mux-stream.ts';

/** A message that waits for its reader: as it came, for only that is paid for by its sender's window. */
export interface Unread {
  readonly source: Source;
  readonly end: number;
  readonly isCompressed: boolean;
  readonly cost: number;
  next: Unread | undefined;
}

/** The messages of a stream that wait for their reader, oldest first. What is taken is given back to the sender. */
export class UnreadMessages {
  #first: Unread | undefined;
  #last: Unread | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Of what is read of the socket at once a message may be a small part: then it is copied. */
  add(source: Source, end: number, isCompressed: boolean, cost: number): void {
    const unread = { source: source.part(end), end: end - source.at, isCompressed, cost, next: undefined };
    if (this.#last === undefined) this.#first = unread;
    else this.#last.next = unread;
    this.#last = unread;
  }

  take(engine: MuxEngine, stream: MuxStream): Unread | undefined {
    const unread = this.#first;
    if (unread === undefined) return undefined;
    this.#first = unread.next;
    if (this.#first === undefined) this.#last = undefined;
    engine.consumed(stream, unread.cost);
    if (this.#first === undefined) engine.unreadTaken(stream);
    return unread;
  }

  /** Nobody reads them. */
  drop(engine: MuxEngine, stream: MuxStream): void {
    let unread = this.#first;
    // Before they are given back: from now on none waits.
    this.#first = undefined;
    this.#last = undefined;
    for (; unread !== undefined; unread = unread.next) engine.consumed(stream, unread.cost);
  }
}
