import type { Message } from '@bufbuild/protobuf';
import type { StatusError } from '../../errors/index.ts';
import { isStream } from '../bound-stream.ts';
import type { Source } from '../codec/source.ts';
import type { Payload } from '../server-method.ts';
import { ClientCall } from './client-call.ts';
import { putMessage, takeMessage } from './messages.ts';
import { flags, frames } from './protocol.ts';
import { type Unread, unreadOf } from './unread-messages.ts';

/**
 * A call with a stream in either direction. Its answers are pulled by one reader, one at a time: what waits for it fills the
 * call's window, and then the server waits. The requests are pulled as fast as the server takes them.
 */
export class StreamCall extends ClientCall implements AsyncIterableIterator<Message> {
  readonly #unread: Unread[] = [];
  #requests: AsyncIterator<Message> | undefined;
  #whenWritable: (() => void) | undefined;
  #waiting: PromiseWithResolvers<IteratorResult<Message>> | undefined;
  #isSettled = false;
  #error: StatusError | undefined;

  /** Begins the call. Throws for an input that cannot be sent. */
  begin(input: Payload): this {
    const { session, method } = this;
    try {
      if (isStream(input)) {
        session.engine.sink.reset();
        this.start(0);
        this.#requests = (input as AsyncIterable<Message>)[Symbol.asyncIterator]();
        void this.#send(this.#requests);
      } else {
        this.start(
          putMessage(session.engine, method.input, input as Message, 'the request', method.limits) | flags.end,
        );
      }
    } catch (error) {
      this.abandon(error);
    }
    return this;
  }

  next(): Promise<IteratorResult<Message>> {
    const unread = this.#unread.shift();
    if (unread !== undefined) {
      const { engine } = this.session;
      engine.consumed(this, unread.cost);
      if (this.#unread.length === 0) engine.unreadTaken(this);
      return this.#step(unread.source, unread.end, unread.isCompressed);
    }
    if (this.#isSettled) return this.#error === undefined ? Promise.resolve(finished) : Promise.reject(this.#error);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  return(): Promise<IteratorResult<Message>> {
    this.#drop();
    this.abandon(undefined);
    return Promise.resolve(finished);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  override get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  override onMessage(source: Source, end: number, isCompressed: boolean, cost: number): void {
    this.report(undefined);
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#unread.push(unreadOf(source, end, isCompressed, cost));
      return;
    }
    this.#waiting = undefined;
    this.session.engine.consumed(this, cost);
    waiting.resolve(this.#step(source, end, isCompressed));
  }

  override onAnswer(status: Uint8Array | undefined, isUnsent: boolean): void {
    this.finish(status === undefined ? undefined : this.errorOf(status, isUnsent));
  }

  override onWritable(): void {
    this.#whenWritable?.();
  }

  /** The caller's own end comes before what it has not read. */
  override contextDone(): void {
    this.#drop();
    super.contextDone();
  }

  protected override settle(error: StatusError | undefined): void {
    this.#isSettled = true;
    this.#error = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve(finished);
    else waiting?.reject(error);
    this.#whenWritable?.();
    // Without waiting: it may be stuck.
    this.#requests?.return?.()?.then(undefined, () => {});
  }

  async #send(requests: AsyncIterator<Message>): Promise<void> {
    const { session, method } = this;
    const { engine } = session;
    try {
      while (this.isOpen) {
        const step = await requests.next();
        if (!this.isOpen) return;
        if (step.done === true) {
          this.#requests = undefined;
          engine.end(this);
          return;
        }
        const flag = putMessage(engine, method.input, step.value, 'the request', method.limits);
        if (!engine.send(this, frames.data, flag)) await this.#writable();
      }
    } catch (error) {
      this.#requests = undefined;
      if (this.isOpen) this.abandon(error);
    }
  }

  #writable(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenWritable = () => {
        this.#whenWritable = undefined;
        resolve();
      };
    });
  }

  /** Reads a message. One that cannot be read ends the call. */
  #step(source: Source, end: number, isCompressed: boolean): Promise<IteratorResult<Message>> {
    const { method } = this;
    const { maxMessageBytes } = method.limits;
    try {
      const value = takeMessage(method.output, source, end, isCompressed, 'the answer', maxMessageBytes);
      return Promise.resolve({ done: false, value });
    } catch (thrown) {
      const error = this.unreadable(thrown);
      this.#drop();
      this.abandon(error);
      return Promise.reject(error);
    }
  }

  #drop(): void {
    for (const { cost } of this.#unread.splice(0)) this.session.engine.consumed(this, cost);
  }
}

const finished: IteratorReturnResult<undefined> = { done: true, value: undefined };
