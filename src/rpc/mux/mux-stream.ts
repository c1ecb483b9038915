import type { StatusError } from '../../errors/index.ts';
import type { Source } from '../codec/source.ts';
import type { ReaderPace } from './window-growth.ts';

/**
 * One call on a connection, as the engine sees it: its windows, the message that is coming in pieces and the one that waits to
 * be sent. Who makes a call extends it, so that a call is one object; its methods are called by the engine, synchronously.
 * Fields are declared and assigned by hand: an initialiser costs a call per class, and every call makes one.
 */
export abstract class MuxStream {
  declare id: number;
  /** The engine knows it: begun, and neither answered nor reset. */
  declare isOpen: boolean;
  /** The client has said that it sends no more messages. */
  declare hasEnded: boolean;
  /** What may still be sent, and what may still come. */
  declare sendWindow: number;
  declare receiveWindow: number;
  /** Read, and not yet given back to the sender. */
  declare uncredited: number;
  /** Once enough was read to tell. */
  declare pace: ReaderPace | undefined;
  /** The beginning of a message whose end has not come. */
  declare partial: Buffer | undefined;
  declare partialLength: number;
  /** Of it, what was not given back because messages before it wait for their reader. */
  declare partialUnread: number;
  /** A message that waits for room, what of it is sent, and the frame that it ends with. */
  declare pending: Uint8Array | undefined;
  declare pendingAt: number;
  declare pendingType: number;
  declare pendingFlags: number;
  /** In the ring of those that have something to send. */
  declare isQueued: boolean;
  declare nextQueued: MuxStream | undefined;
  declare previousQueued: MuxStream | undefined;
  /** Of the client's: what came besides messages, see `ClientEngine`. */
  declare stage: number;

  constructor() {
    this.id = 0;
    this.isOpen = false;
    this.hasEnded = false;
    this.sendWindow = 0;
    this.receiveWindow = 0;
    this.uncredited = 0;
    this.pace = undefined;
    this.partial = undefined;
    this.partialLength = 0;
    this.partialUnread = 0;
    this.pending = undefined;
    this.pendingAt = 0;
    this.pendingType = 0;
    this.pendingFlags = 0;
    this.isQueued = false;
    this.nextQueued = undefined;
    this.previousQueued = undefined;
    this.stage = 0;
  }

  /** Whether messages wait for their reader. */
  abstract get hasUnread(): boolean;

  /**
   * A message: the bytes from `source.at` to `end`, which stay as they are. Whoever has read it says so with
   * `engine.consumed(stream, cost)`. Must not throw.
   */
  abstract onMessage(source: Source, end: number, isCompressed: boolean, cost: number): void;
  /** A message is larger than this side takes. The stream is open, and nothing more of it will be told. */
  abstract onTooLarge(): void;
  /** The other side ended the stream. It is closed. */
  abstract onReset(code: number): void;
  /** The message that waited for room is on its way. */
  abstract onWritable(): void;
  /** The connection has ended. The stream is closed. */
  abstract onLost(error: StatusError): void;
}
