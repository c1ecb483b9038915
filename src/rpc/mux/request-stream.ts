import type { Message } from '@bufbuild/protobuf';
import type { MuxEngine } from './engine.ts';
import type { MuxStream } from './mux-stream.ts';

interface Unread {
  readonly message: Message;
  readonly cost: number;
}

/** What a caller streams, for one reader: what it has not read fills the call's window, and then the caller waits. */
export class RequestStream implements AsyncIterableIterator<Message> {
  readonly #engine: MuxEngine;
  readonly #stream: MuxStream;
  readonly #unread: Unread[] = [];
  #waiting: ((step: IteratorResult<Message>) => void) | undefined;
  #isEnded = false;

  constructor(engine: MuxEngine, stream: MuxStream) {
    this.#engine = engine;
    this.#stream = stream;
  }

  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  push(message: Message, cost: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#unread.push({ message, cost });
      return;
    }
    this.#waiting = undefined;
    this.#engine.consumed(this.#stream, cost);
    waiting({ done: false, value: message });
  }

  /** The caller sends no more. */
  end(): void {
    this.#isEnded = true;
    this.#waiting?.(finished);
    this.#waiting = undefined;
  }

  /** The call is over: nobody reads what is left. Whoever waits is told by the Context. */
  close(): void {
    this.#isEnded = true;
    for (const { cost } of this.#unread.splice(0)) this.#engine.consumed(this.#stream, cost);
  }

  next(): Promise<IteratorResult<Message>> {
    const unread = this.#unread.shift();
    if (unread !== undefined) {
      this.#engine.consumed(this.#stream, unread.cost);
      if (this.#unread.length === 0) this.#engine.unreadTaken(this.#stream);
      return Promise.resolve({ done: false, value: unread.message });
    }
    if (this.#isEnded) return Promise.resolve(finished);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<Message>> {
    this.close();
    return Promise.resolve(finished);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const finished: IteratorReturnResult<undefined> = { done: true, value: undefined };
