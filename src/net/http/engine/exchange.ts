import type { Socket } from 'node:net';
import type { Awaitable, Clock, Context } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import type { PeerCertificate } from '../../tcp/index.ts';
import type { HttpHeaders } from '../request.ts';

/**
 * One request and the way to answer it, as an engine hands it over: all that the server knows of an engine. The head is
 * valid HTTP, nothing more.
 */
export interface Exchange {
  readonly method: string;
  /** The request target as it came: visible ASCII. */
  readonly target: string;
  /** `1.1`, `1.0` */
  readonly version: string;
  readonly remoteAddress: string;
  /** The certificate that the client showed, on a connection with mutual TLS. */
  readonly peer: PeerCertificate | undefined;
  /** Of the body: undefined where it is sent in chunks of unknown length, 0 where there is none. */
  readonly contentLength: number | undefined;
  /** When it had come, by the clock. */
  readonly startedAt: number;
  /** Whether any of the headers of the travelling fields is there: mostly none is. */
  readonly hasFields: boolean;
  /** The client offers to speak another protocol from here on, and the engine can hand the connection over. */
  readonly mayUpgrade: boolean;
  /** By lower-case name; one that came several times is joined. */
  header(name: string): string | undefined;
  headers(): HttpHeaders;
  /** What followed a chunked body, once that has been read. */
  trailers(): HttpHeaders;
  /**
   * The whole body: at once where it has arrived. Throws or rejects with BODY_TOO_LARGE as soon as it exceeds `maxBytes`,
   * with `canceled` when the client leaves.
   */
  readBody(maxBytes: number): Awaitable<Uint8Array>;
  /** The same in pieces, with backpressure. Throws at once if the Content-Length is too large. */
  bodyChunks(maxBytes: number): AsyncIterable<Uint8Array>;
  /** Who is told once if the connection is lost before the answer is complete. */
  listener: ExchangeListener | undefined;
  /**
   * Sends a whole answer; `headers` are name and value in turn. Does nothing if one has begun. A body of the request that
   * nobody read is dropped, and the connection closed where dropping it would cost too much.
   */
  respond(status: number, headers: readonly string[], body: string | Uint8Array | undefined): void;
  /** Sends the head of an answer whose body follows: in chunks, unless the headers say how long it is. */
  open(status: number, headers: readonly string[]): ReplyWriter;
  /** Answers 101 and gives the connection away: the engine has nothing to do with it any more, but counts it until it closes. */
  upgrade(headers: readonly string[]): Upgraded;
  /** Cuts the connection. */
  abort(): void;
}

export interface ExchangeListener {
  onAbort(): void;
}

/** A connection that speaks another protocol from now on. */
export interface Upgraded {
  /** Paused, without listeners. */
  readonly socket: Socket;
  /** What came after the request. */
  readonly rest: Uint8Array;
}

export interface ReplyWriter {
  /** Undefined if more may be written at once; else resolves when the client has taken enough, or is gone. */
  write(chunk: string | Uint8Array): Promise<void> | undefined;
  /** Trailers, name and value in turn, follow a body in chunks if the client asked for them; else they are dropped. */
  end(trailers?: readonly string[]): void;
  /** Cuts the connection, so that the client sees that the body is not complete. */
  abort(): void;
}

export interface EngineOptions {
  readonly clock: Clock;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxConnections: number;
  readonly maxRequestsPerConnection: number;
  readonly keepAliveMs: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly onExchange: (exchange: Exchange) => void;
  /** A connection was refused, or what it sent is not HTTP; it has been answered. */
  readonly onRefused: (error: StatusError) => void;
}

/** Speaks HTTP/1.1 on sockets. */
export interface Engine {
  /** Takes a connection over and owns it from now on. */
  handle(socket: Socket): void;
  /**
   * From now on the last answer of every connection says that it closes; nothing else changes before `drain`. Idle
   * connections are to be kept for `graceMs` from the first call on, since a request may be on its way; a later call
   * changes how long.
   */
  leave(graceMs: number): void;
  /**
   * After `leave`: closes idle connections when their grace is over, and the others after the answer they are waiting for;
   * resolves when all are closed. When `ctx` ends first, cuts the rest.
   */
  drain(ctx: Context): Promise<void>;
  /** Cuts all connections. */
  destroy(): void;
}
