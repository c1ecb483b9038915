import { randomUUID } from 'node:crypto';
import type { Context } from '../../../concurrency/index.ts';
import { BoundedLog } from './bounded-log.ts';
import { EncodedEvent, type ServerSentEvent } from './server-sent-events.ts';

export interface EventLogOptions {
  /** How many events are kept for those who come back. Default: 1,024. */
  readonly maxEvents?: number;
  /** How many bytes of them, as they are on the wire; also the largest event. Default: 1 MiB. */
  readonly maxBytes?: number;
  /**
   * What a client gets that has missed events which are not kept any more: it then must load anew what it shows.
   * Default: `{ event: 'reset', data: {} }`.
   */
  readonly reset?: Omit<ServerSentEvent, 'id'>;
  /**
   * The beginning of all ids, by which an id of another log is told from one of this: letters and digits. Default: random, so that
   * after a restart clients start anew.
   */
  readonly epoch?: string;
}

/** Events for many followers, who can come back and go on where they were. */
export interface EventLog {
  /** The id of the newest event, or where the first will follow. */
  readonly lastId: string;
  /** How many events are kept. */
  readonly size: number;
  /**
   * Adds an event and gives its id. Never waits: whoever is slow reads later, from the log. Throws a TypeError for an event that
   * cannot be sent, a RangeError for one larger than `maxBytes`, and `failed_precondition`, LOG_CLOSED, once it is closed.
   */
  append(event: Omit<ServerSentEvent, 'id'>): string;
  /**
   * What comes after `lastEventId`, first what is kept and then what is added, until the log is closed. It holds from this call
   * on, so ask before you read the state that the events change. Without an id: what is added from now on; the client is told
   * the place first, by an event without data that only moves its id, or it could not come back before it got something.
   *
   * Who asks for events that are kept no more, or are of another log, or is so slow that they are overwritten before it took
   * them, gets the `reset` event and then what is added from there on. For `events()`; iterate it once. Throws the Context's
   * error when that ends. A follower has a position and no queue: a slow one costs nothing.
   */
  follow(ctx: Context, lastEventId?: string): AsyncIterable<ServerSentEvent>;
  /** No more events. Followers get what is there and end. */
  close(): void;
}

/** Throws a RangeError or TypeError for an option that is out of its range. */
export function eventLog(options: EventLogOptions = {}): EventLog {
  const { maxEvents = 1024, maxBytes = 1024 * 1024, reset = { event: 'reset', data: {} } } = options;
  const { epoch = randomUUID().slice(0, 8) } = options;
  for (const [name, value] of Object.entries({ maxEvents, maxBytes })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`eventLog: ${name} is ${value}; it must be a whole number from 1`);
  }
  if (!/^[0-9A-Za-z]{1,64}$/.test(epoch))
    throw new TypeError(`eventLog: the epoch ${JSON.stringify(epoch)} is not 1 to 64 letters and digits`);
  EncodedEvent.of(reset, '');
  return new BoundedLog(maxEvents, maxBytes, reset, epoch);
}
