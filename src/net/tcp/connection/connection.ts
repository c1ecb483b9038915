import type { Awaitable, Context } from '../../../concurrency/index.ts';
import type { NetAddress } from '../address/net-address.ts';
import type { TlsState } from '../tls/tls-state.ts';

/**
 * Messages over one socket, in both directions. Whoever has it owns it, and closes it: a server does that for a handler that
 * returns.
 *
 *     for await (const line of connection) await connection.write(ctx, `you said ${line}`);
 *
 * Both directions hold a bounded amount. What came is decoded when it is read; while about 64 KiB wait to be read, the
 * socket is not, and the peer has to wait. While the socket's buffer (64 KiB, and the message that filled it) waits for the
 * peer, `write` waits and `tryWrite` refuses. All that is written in one tick leaves in one system call.
 */
export interface Connection<In, Out> extends AsyncIterable<In>, AsyncDisposable {
  /**
   * Ends with the connection; its cause says why: CONNECTION_CLOSED, CONNECTION_LOST, a timeout, a bad frame, DRAINING.
   * While nobody reads and much waits to be read, the end of the peer is not noticed.
   */
  readonly ctx: Context;
  /** Ends when the server begins to drain: time to say goodbye. Never ends for a connection that was dialed. */
  readonly draining: Context;
  readonly remoteAddress: NetAddress;
  readonly localAddress: NetAddress;
  /** What TLS knows, the peer's certificate among it. Undefined without TLS. */
  readonly tls: TlsState | undefined;
  /**
   * The next message; undefined when the peer has ended, or the server has drained for so long that no more is read. Several
   * may wait; they are served in their order. When `ctx` ends first, no message is lost. Throws why the connection ended.
   */
  read(ctx: Context): Awaitable<In | undefined>;
  /**
   * Resolves when the message is on its way (not: has arrived); waits while there is no room. Those who wait are served in
   * their order. When `ctx` ends first, nothing of it was written. Throws what the codec says of the message, WRITE_CLOSED,
   * and why the connection ended.
   */
  write(ctx: Context, message: Out): Awaitable<void>;
  /** Writes if there is room and nobody waits; false, with nothing written, if not. Throws as `write` does. */
  tryWrite(message: Out): boolean;
  /** Sends what was written and then FIN: the peer reads its end, and may go on sending. */
  closeWrite(): void;
  /**
   * Sends what was written and closes; reads and writes that wait throw CONNECTION_CLOSED. What still comes is thrown away
   * until the peer closes too, for `lingerMs` at most, since an unread byte would reset the connection and with it what the
   * peer has not read. Resolves when the socket is closed. May be called again.
   */
  close(): Promise<void>;
  /** Closes at once; what the peer has not taken is lost. `cause` is for whoever waits, and for `ctx`. */
  destroy(cause?: unknown): void;
}
