import type { Socket } from 'node:net';
import type { Context } from '../../../concurrency/index.ts';
import { telemetryOf } from '../../../observe/index.ts';
import { FirstBytes } from './first-bytes.ts';
import { type Matcher, recognize } from './matcher.ts';

/** One of the protocols of a port. */
export interface MuxProtocol {
  readonly match: Matcher;
  /** Owns the socket from then on; all its bytes are back in its buffer. */
  readonly handle: (socket: Socket) => void;
}

export interface ProtocolMuxOptions {
  /** Asked in their order; the first that matches gets the connection. */
  readonly protocols: readonly MuxProtocol[];
  /** How long a connection may take to say what it speaks, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number;
  /** Connections of all protocols and undecided ones, until they close; further ones are closed at once. Default: 10,000. */
  readonly maxConnections?: number;
  /** How many bytes the matchers may want to see. Default: 1,024. */
  readonly maxFirstBytes?: number;
}

/** See {@link protocolMux}. */
export interface ProtocolMux {
  /** Connections that have not said what they speak. */
  readonly pending: number;
  /** All connections that were handed in and are open. */
  readonly connections: number;
  /** Takes a connection over. */
  accept(socket: Socket): void;
  /** Closes the connections that have not said what they speak. Those that were handed on live on. */
  close(): void;
}

/**
 * One port for many protocols: looks at the first bytes of each connection and hands it, with these bytes back in its buffer,
 * to who speaks that. One that matches nothing, stays silent or ends too early is closed. It cannot serve protocols in which
 * the server speaks first. `ctx` carries clock and telemetry; its end closes nothing.
 *
 *     const mux = protocolMux(ctx, {
 *       protocols: [
 *         { match: magic('ROOM'), handle: (socket) => rooms.handleConnection(socket) },
 *         { match: anything, handle: (socket) => http.handleConnection(socket) },
 *       ],
 *     });
 *     await listener.start(ctx, (socket) => mux.accept(socket));
 */
export function protocolMux(ctx: Context, options: ProtocolMuxOptions): ProtocolMux {
  const { protocols, timeoutMs = 5_000, maxConnections = 10_000, maxFirstBytes = 1_024 } = options;
  if (protocols.length === 0) throw new RangeError('protocolMux: there are no protocols');
  for (const [name, value] of Object.entries({ timeoutMs, maxConnections, maxFirstBytes })) {
    if (!(value >= 1)) throw new RangeError(`protocolMux: ${name} is ${value}; it must be a number from 1`);
  }
  return new Mux(ctx, protocols, timeoutMs, maxConnections, maxFirstBytes);
}

class Mux implements ProtocolMux {
  readonly #ctx: Context;
  readonly #maxConnections: number;
  readonly #undecided: FirstBytes<MuxProtocol | undefined>;
  #connections = 0;

  constructor(
    ctx: Context,
    protocols: readonly MuxProtocol[],
    timeoutMs: number,
    maxConnections: number,
    maxFirstBytes: number,
  ) {
    this.#ctx = ctx;
    this.#maxConnections = maxConnections;
    const matchers = protocols.map(({ match }) => match);
    this.#undecided = new FirstBytes({
      clock: ctx.clock,
      timeoutMs,
      maxBytes: maxFirstBytes,
      decide(bytes) {
        const index = recognize(matchers, bytes);
        return index === undefined ? undefined : { value: protocols[index], taken: 0 };
      },
      onDecided: (socket, protocol) => this.#decided(socket, protocol),
      onUnheard: (_, why, error) =>
        telemetryOf(ctx).log.debug(ctx, 'a connection did not say what it speaks', { why, error }),
    });
  }

  get pending(): number {
    return this.#undecided.pending;
  }

  get connections(): number {
    return this.#connections;
  }

  accept(socket: Socket): void {
    // It would be counted for ever: its end has been told.
    if (socket.destroyed) return;
    if (this.#connections >= this.#maxConnections) {
      telemetryOf(this.#ctx).log.debug(this.#ctx, 'a connection was refused', { why: 'max_connections' });
      socket.destroy();
      return;
    }
    this.#connections++;
    socket.once('close', this.#closed);
    this.#undecided.accept(socket);
  }

  close(): void {
    this.#undecided.close();
  }

  readonly #closed = (): void => {
    this.#connections--;
  };

  #decided(socket: Socket, protocol: MuxProtocol | undefined): void {
    if (protocol !== undefined) {
      protocol.handle(socket);
      return;
    }
    telemetryOf(this.#ctx).log.debug(this.#ctx, 'a connection speaks none of the protocols of its port');
    socket.destroy();
  }
}
