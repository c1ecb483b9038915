import type { Message } from '@bufbuild/protobuf';
import type { Source } from '../codec/source.ts';
import type { MuxEngine } from './engine.ts';
import type { MuxStream } from './mux-stream.ts';
import { type Unread, unreadOf } from './unread-messages.ts';

export type DecodeRequest = (source: Source, end: number, isCompressed: boolean) => Message;

/** What a caller streams, for one reader: what it has not read fills the call's window, and then the caller waits. */
export class RequestStream implements AsyncIterableIterator<Message> {
  readonly #engine: MuxEngine;
  readonly #stream: MuxStream;
  readonly #unread: Unread[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<Message>> | undefined;
  #isEnded = false;

  readonly #decode: DecodeRequest;

  /** `decode`: reads a message, or ends the call and throws. */
  constructor(engine: MuxEngine, stream: MuxStream, decode: DecodeRequest) {
    this.#engine = engine;
    this.#decode = decode;
    this.#stream = stream;
  }

  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /** A message came. It is read at once where somebody waits for it. */
  push(source: Source, end: number, isCompressed: boolean, cost: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#unread.push(unreadOf(source, end, isCompressed, cost));
      return;
    }
    this.#waiting = undefined;
    this.#engine.consumed(this.#stream, cost);
    try {
      waiting.resolve({ done: false, value: this.#decode(source, end, isCompressed) });
    } catch (error) {
      waiting.reject(error);
    }
  }

  /** The caller sends no more. */
  end(): void {
    this.#isEnded = true;
    this.#waiting?.resolve(finished);
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
      try {
        return Promise.resolve({ done: false, value: this.#decode(unread.source, unread.end, unread.isCompressed) });
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (this.#isEnded) return Promise.resolve(finished);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
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
