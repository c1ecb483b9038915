import type { Message } from '../websocket-connection.ts';

/** What a queued message counts beside its bytes: empty ones must not be free. */
const messageOverhead = 64;

/** Someone who waits for the next message. Told once: undefined means that there will be none. */
export interface Reader {
  deliver(message: Message | undefined): void;
}

/** What was received and not read, or who waits for it: never both. */
export class Inbox {
  /** Nothing more comes. */
  declare isEnded: boolean;
  declare private reader: Reader | undefined;
  declare private wasRead: boolean;
  declare private queue: Message[] | undefined;
  declare private first: number;
  declare private bytes: number;

  constructor() {
    this.isEnded = false;
    this.reader = undefined;
    this.wasRead = false;
    this.queue = undefined;
    this.first = 0;
    this.bytes = 0;
  }

  /** Whether somebody who reads may still be busy with what came: one who waits has had all of it. */
  mayGoOn(): boolean {
    return this.wasRead && this.reader === undefined;
  }

  get queuedBytes(): number {
    return this.bytes;
  }

  put(message: Message): void {
    const { reader } = this;
    if (reader !== undefined) {
      this.reader = undefined;
      reader.deliver(message);
      return;
    }
    this.queue ??= [];
    this.queue.push(message);
    this.bytes += message.length + messageOverhead;
  }

  /** The next message, if one is there. */
  take(): Message | undefined {
    this.wasRead = true;
    const { queue, first } = this;
    if (queue === undefined) return undefined;
    const message = queue[first]!;
    this.bytes -= message.length + messageOverhead;
    if (first + 1 === queue.length) {
      // An idle connection keeps no array.
      this.queue = undefined;
      this.first = 0;
    } else if (first >= 63 && first * 2 >= queue.length) {
      // One that is never empty does not grow for ever.
      queue.splice(0, first + 1);
      this.first = 0;
    } else {
      queue[first] = '';
      this.first = first + 1;
    }
    return message;
  }

  /** Throws a TypeError if somebody waits already. */
  wait(reader: Reader): void {
    if (this.reader !== undefined)
      throw new TypeError('a WebSocket has one reader at a time: wait for the last read before the next');
    this.reader = reader;
  }

  leave(reader: Reader): void {
    if (this.reader === reader) this.reader = undefined;
  }

  /** Nothing more comes. True if somebody waited, who has been told. */
  end(): boolean {
    this.isEnded = true;
    const { reader } = this;
    this.reader = undefined;
    reader?.deliver(undefined);
    return reader !== undefined;
  }

  /** Drops what nobody reads any more. */
  clear(): void {
    this.queue = undefined;
    this.first = 0;
    this.bytes = 0;
  }
}
