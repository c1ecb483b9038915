import type { Context } from '../../../concurrency/index.ts';
import type { Message } from '../websocket-connection.ts';
import type { Reader } from './receiving.ts';
import { endOf } from './sending.ts';

/** Where messages are taken from. */
export interface MessageSource {
  /** No message will come but those that are queued. */
  readonly isEnded: boolean;
  /** The next one that is queued. */
  take(): Message | undefined;
  waitAsReader(reader: Reader): void;
  leaveAsReader(reader: Reader): void;
}

/** The iteration of a connection. It waits without a Context of its own, since the connection ends it. */
export class MessageIterator implements AsyncIterator<Message, undefined>, Reader {
  declare private readonly source: MessageSource;
  declare private resolve: ((result: IteratorResult<Message, undefined>) => void) | undefined;

  constructor(source: MessageSource) {
    this.source = source;
    this.resolve = undefined;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const { source } = this;
    const message = source.take();
    if (message !== undefined) return Promise.resolve({ value: message, done: false });
    if (source.isEnded) return Promise.resolve({ value: undefined, done: true });
    source.waitAsReader(this);
    const promise = new Promise<IteratorResult<Message, undefined>>(takeResolve);
    this.resolve = lastResolve;
    return promise;
  }

  deliver(message: Message | undefined): void {
    const resolve = this.resolve!;
    this.resolve = undefined;
    resolve(message === undefined ? { value: undefined, done: true } : { value: message, done: false });
  }

  /** Leaving the loop leaves the connection as it is. */
  async return(): Promise<IteratorResult<Message, undefined>> {
    return { value: undefined, done: true };
  }
}

/** One `read` that waits. */
export class WaitingRead implements Reader {
  readonly promise: Promise<Message | undefined>;
  readonly #resolve: (message: Message | undefined) => void;
  readonly #stop: (() => unknown) | undefined;

  /** Without a Context it waits for the connection alone. */
  constructor(ctx: Context | undefined, source: MessageSource) {
    const { promise, resolve, reject } = Promise.withResolvers<Message | undefined>();
    this.promise = promise;
    this.#resolve = resolve;
    source.waitAsReader(this);
    this.#stop = ctx?.onDone(() => {
      source.leaveAsReader(this);
      reject(endOf(ctx));
    });
  }

  deliver(message: Message | undefined): void {
    this.#stop?.();
    this.#resolve(message);
  }
}

// One executor for all promises: a closure for each would be paid with every message.
let lastResolve: (result: IteratorResult<Message, undefined>) => void;
function takeResolve(resolve: (result: IteratorResult<Message, undefined>) => void): void {
  lastResolve = resolve;
}
