import type { Awaitable, Context } from '../../concurrency/index.ts';
import type { PreparedMessage } from './prepared-message.ts';

/** A message as it was received: text or bytes. Bytes are yours, but may share memory with others of the same read: copy what you keep for long. */
export type Message = string | Uint8Array;

/** What can be sent. Bytes above 4 KiB are not copied: do not change them before they have left (`bufferedBytes`). */
export type Sendable = Message | PreparedMessage;

/** How a connection ended. */
export interface CloseInfo {
  /** The peer's code; 1005 if its Close had none, 1006 if there was no Close. After a failure that we saw, the code we sent. */
  readonly code: number;
  readonly reason: string;
  /** Whether the peer said Close: nothing that it sent before is missing. */
  readonly wasClean: boolean;
}

/**
 * One WebSocket, of either side. One reader at a time; any number may send. It is an async iterable of its messages:
 *
 *     for await (const message of ws) await ws.send(ctx, message);
 *
 * Iterating ends, and `read` gives undefined, when the connection does, for whatever reason: `closed` says which.
 */
export interface WebSocketConnection extends AsyncIterable<Message>, AsyncDisposable {
  /**
   * Ends with the connection, and when its server is cut. After a client's Close a handler has until `closeTimeoutMs` to work
   * on the last messages, and to answer them: the connection ends when it asks for the next one.
   */
  readonly ctx: Context;
  /** The subprotocol that was agreed on; '' without one. */
  readonly protocol: string;
  /** Whether long messages are compressed. */
  readonly isDeflated: boolean;
  /** The address of the other end of the connection; a proxy's if there is one. */
  readonly remoteAddress: string;
  /** Whether messages can still be sent. */
  readonly isOpen: boolean;
  /** Undefined until no more messages can come. */
  readonly closed: CloseInfo | undefined;
  /** Bytes that were sent and that the peer's side has not taken yet: see `maxBufferedBytes`. */
  readonly bufferedBytes: number;
  /** Messages that were not sent because the peer was too slow (`whenSlow: 'drop'`, `trySend` and `broadcast`). */
  readonly dropped: number;

  /**
   * Queues a message; all of a tick leave in one system call. Where there is no room it does what `whenSlow` says: waits
   * for it (first come, first served), drops the message, or disconnects and throws `resource_exhausted` (SLOW_READER).
   * Throws `unavailable` (CONNECTION_CLOSED) once the connection closes, also while it waits.
   */
  send(ctx: Context, message: Sendable): Awaitable<void>;
  /** The same without waiting: false if the message was not queued. */
  trySend(message: Sendable): boolean;
  /** The next message; undefined when there will be none. Throws the Context's error if that ends first. */
  read(ctx: Context): Awaitable<Message | undefined>;
  /** Reads and drops whatever comes until the connection closes: for one that only sends. */
  discard(ctx: Context): Promise<CloseInfo>;
  /** Milliseconds until the peer answered. Throws CONNECTION_CLOSED, or the Context's error. */
  ping(ctx: Context): Promise<number>;
  /**
   * Says Close after what is queued, and resolves when the connection is closed: when the peer has answered, or after
   * `closeTimeoutMs`. `code` is 1000 to 1014 but 1004 to 1006, or your own from 3000 to 4999 (default 1000); `reason` has at most 123
   * bytes as UTF-8. What still comes can be read. A second call waits for the first.
   */
  close(code?: number, reason?: string): Promise<CloseInfo>;
}
