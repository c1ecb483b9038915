import type { Deflate } from '../deflate/negotiation.ts';
import type { Message } from '../websocket-connection.ts';
import { Sending } from './sending.ts';
import type { Shared } from './shared.ts';

/** What a queued message counts beside its bytes: empty ones must not be free. */
const messageOverhead = 64;

/** Someone who waits for the next message. Told once: undefined means that there will be none. */
export interface Reader {
  deliver(message: Message | undefined): void;
}

/** The receiving half of a connection: what came and was not read, or who waits for it, never both. */
export abstract class Receiving extends Sending {
  declare private reader: Reader | undefined;
  declare private queue: Message[] | undefined;
  declare private first: number;
  declare protected queuedBytes: number;

  constructor(shared: Shared, deflate: Deflate | undefined) {
    super(shared, deflate);
    this.reader = undefined;
    this.queue = undefined;
    this.first = 0;
    this.queuedBytes = 0;
  }

  /** Throws a TypeError if somebody waits already. @internal */
  waitAsReader(reader: Reader): void {
    if (this.reader !== undefined)
      throw new TypeError('a WebSocket has one reader at a time: wait for the last read before the next');
    this.reader = reader;
  }

  /** @internal */
  leaveAsReader(reader: Reader): void {
    if (this.reader === reader) this.reader = undefined;
  }

  protected get hasReader(): boolean {
    return this.reader !== undefined;
  }

  protected deliver(message: Message): void {
    const { reader } = this;
    if (reader !== undefined) {
      this.reader = undefined;
      reader.deliver(message);
      return;
    }
    this.queue ??= [];
    this.queue.push(message);
    this.queuedBytes += message.length + messageOverhead;
  }

  /** The oldest of the queue. */
  protected unqueue(): Message | undefined {
    const { queue, first } = this;
    if (queue === undefined) return undefined;
    const message = queue[first]!;
    this.queuedBytes -= message.length + messageOverhead;
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

  /** Tells the one who waits, if there is one, that no message will come. */
  protected dismissReader(): void {
    const { reader } = this;
    this.reader = undefined;
    reader?.deliver(undefined);
  }
}
