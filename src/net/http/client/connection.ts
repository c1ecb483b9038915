import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Client, Dispatcher } from 'undici';

/** What a connection asks of undici. */
export interface ConnectionOptions {
  /** `https://host:port`, for the Host header. */
  readonly origin: string;
  readonly maxHeaderBytes: number;
  readonly keepAliveMs: number;
}

/** Fails a request that came to a connection after its end: not a byte of it has been sent. */
export class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone';
}

/**
 * One connection with HTTP/1.1 on it: one request at a time. Which connection a request takes, and how many there are, is
 * the pool's to say, so undici never sees a queue and never connects by itself.
 */
export class Connection {
  readonly socket: Socket;
  /** How many answers came over it whole: the server may close one that is above 0 at any time. */
  answers = 0;
  /** False from the moment it was given up, or has closed. */
  isOpen = true;
  readonly #client: Client;
  readonly #onGone: (connection: Connection) => void;

  /** Takes the connected socket over. `onGone` is called once, when it has closed or is given up. */
  constructor(socket: Socket, options: ConnectionOptions, onGone: (connection: Connection) => void) {
    this.socket = socket;
    this.#onGone = onGone;
    this.#client = newClient(socket, options);
    socket.once('close', () => this.discard());
  }

  /** Sends a request. The handler hears of every failure, also of one of its options, before or after this returns. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  /** Closes it at once, whatever runs on it. */
  discard(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.socket.destroy();
    this.#onGone(this);
  }
}

/**
 * Loaded when the first connection is made: most programs that serve HTTP never call it. Only the client itself, by its
 * file: the package's door also loads fetch, caches and WebSocket, which takes 55 ms and 8 MB more.
 */
const require = createRequire(import.meta.url);

function newClient(socket: Socket, { origin, maxHeaderBytes, keepAliveMs }: ConnectionOptions): Client {
  const UndiciClient = require('undici/lib/dispatcher/client.js') as typeof Client;
  let isTaken = false;
  const client = new UndiciClient(origin, {
    connect(_options, callback) {
      if (isTaken) return callback(new ConnectionGone('the connection was closed before the request was sent'), null);
      isTaken = true;
      // Not within this call: the client would overlook it.
      queueMicrotask(() => callback(null, socket));
    },
    maxHeaderSize: maxHeaderBytes,
    // 0 says `Connection: close`.
    pipelining: keepAliveMs === 0 ? 0 : 1,
    keepAliveTimeout: keepAliveMs || 1,
    keepAliveMaxTimeout: keepAliveMs || 1,
    keepAliveTimeoutThreshold: 1_000,
    // The Context ends what takes too long.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    useMilo: false,
  });
  return client;
}
