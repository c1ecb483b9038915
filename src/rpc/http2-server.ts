import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { isMetadataName, withTransport } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import { peerCertificateOf, remoteAddressOf } from '../net/tcp/index.ts';
import type { Dispatcher, RpcExchange, RpcRequest } from './dispatcher.ts';
import { drained } from './http2-drained.ts';
import { muxOffer } from './mux/mux-offer.ts';
import { RequestBody } from './request-body.ts';
import { RpcErrors } from './rpc-errors.ts';
import { watchSession } from './session-watch.ts';

export interface Http2ServerOptions {
  readonly dispatcher: Dispatcher;
  readonly maxConcurrentStreams: number;
  readonly maxHeaderBytes: number;
  /** A connection on which nothing moved for so long is closed if no call runs on it, else asked for a sign of life. */
  readonly keepAliveMs: number;
}

/** The HTTP/2 side of a server: takes connections that have been recognised, runs their calls, drains them. */
export class Http2Connections {
  readonly #options: ServerOptions;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #dispatcher: Dispatcher;
  readonly #base: Context;
  readonly #keepAliveMs: number;
  #draining = false;
  #whenClosed: (() => void) | undefined;

  constructor(base: Context, options: Http2ServerOptions) {
    const { dispatcher, maxConcurrentStreams, maxHeaderBytes, keepAliveMs } = options;
    this.#base = base;
    this.#keepAliveMs = keepAliveMs;
    this.#dispatcher = dispatcher;
    this.#options = {
      settings: {
        maxConcurrentStreams,
        maxHeaderListSize: maxHeaderBytes,
        initialWindowSize: streamWindowBytes,
        enablePush: false,
        customSettings: muxOffer,
      },
      maxSessionMemory: maxSessionMegabytes,
      streamResetBurst,
      streamResetRate: streamResetsPerSecond,
    };
  }

  /**
   * Takes over a connection; what was read of it must be back in the socket's buffer. Not through a server of Node's: that one
   * refuses TLS without ALPN, where here the first bytes have told the protocol.
   */
  accept(socket: Socket): void {
    const address = remoteAddressOf(socket)?.host;
    const peer = peerCertificateOf(socket);
    const base = withTransport(this.#base, { transport: 'rpc', address, peer, tell() {} });
    const session = performServerHandshake(socket, this.#options);
    this.#follow(session);
    session.on('stream', (stream, headers) => this.#serve(stream as ServerHttp2Stream, headers, base));
  }

  /** Tells every client to send new calls elsewhere; connections close when their last call has ended. */
  drain(): void {
    this.#draining = true;
    for (const session of this.#sessions) goAway(session);
  }

  /** Resolves when no connection is left. For one waiter. */
  closed(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenClosed = resolve;
    });
  }

  /** Closes every connection, whatever runs on it. */
  destroy(): void {
    for (const session of [...this.#sessions]) session.destroy();
  }

  #follow(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.setLocalWindowSize(sessionWindowBytes);
    session.once('close', () => {
      this.#sessions.delete(session);
      if (this.#sessions.size === 0) this.#whenClosed?.();
    });
    session.on('error', () => {});
    watchSession(session, this.#keepAliveMs);
    if (this.#draining) goAway(session);
  }

  /** `base`: what the calls of its connection descend from. */
  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, base: Context): void {
    stream.on('error', () => {});
    const body = new RequestBody(stream);
    const exchange = this.#dispatcher.start(base, requestOf(body, headers));
    if (exchange === undefined) {
      notRpc(stream);
      return;
    }
    stream.once('close', () => exchange.abandon(RpcErrors.CALLER_LEFT('the caller left')));
    void answer(stream, exchange).then(() => body.discard(this.#base.clock));
  }
}

/** Room for what a client may send before the server has read it: per call, and per connection. */
const streamWindowBytes = 1 << 20;
const sessionWindowBytes = 8 << 20;
/**
 * How many calls a client may give up before the connection is cut as an attack (CVE-2023-44487). Node's own 1,000, and 33 a
 * second after that, are for browsers: a service whose callers have short deadlines gives up more when it is slow, and its
 * healthy calls would be cut with the others.
 */
const streamResetBurst = 10_000;
const streamResetsPerSecond = 1_000;
/** Headers and bodies that wait, per connection; above it Node refuses new calls. */
const maxSessionMegabytes = 64;

/**
 * GOAWAY with the last call that was seen: the client knows that later ones were not, and repeats them elsewhere. (The two
 * steps that RFC 9113, section 6.8, advises would spare it that, but nghttp2 reads no more once a GOAWAY is out and no
 * stream is open, whatever its last id.) Calls that were seen are finished, then the connection closes.
 */
function goAway(session: ServerHttp2Session): void {
  if (!session.closed && !session.destroyed) session.close();
}

function requestOf(body: RequestBody, headers: IncomingHttpHeaders): RpcRequest {
  return {
    httpVersion: '2.0',
    verb: headers[':method'] as string,
    target: headers[':path'] as string,
    header: (name) => textOf(headers[name]),
    *headers() {
      for (const name of Object.keys(headers)) {
        const value = name.startsWith(':') ? undefined : textOf(headers[name]);
        if (value !== undefined) yield [name, value];
      }
    },
    body: (ctx) => body.read(ctx),
  };
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value;
}

async function answer(stream: ServerHttp2Stream, exchange: RpcExchange): Promise<void> {
  try {
    await write(stream, await exchange.response);
  } catch {
    // Headers may be out already: then a reset is all that can be said.
    if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  } finally {
    exchange.finish();
  }
}

async function write(
  stream: ServerHttp2Stream,
  { status, header, body, trailer }: UniversalServerResponse,
): Promise<void> {
  const chunks = body?.[Symbol.asyncIterator]();
  let step = await chunks?.next();
  if (isGone(stream)) return void chunks?.return?.()?.then(undefined, () => {});
  const hasBody = step !== undefined && step.done !== true;
  const hasTrailer = trailer !== undefined;
  const head = { ':status': status, ...headersOf(header) };
  if (!hasBody && !hasTrailer) return void stream.respond(head, { endStream: true });
  // In one block, unless there are headers of the handler's, which would be taken for trailers.
  if (!hasBody && hasTrailer && !Object.keys(head).some(isMetadataName))
    return void stream.respond({ ...head, ...headersOf(trailer) }, { endStream: true });
  stream.respond(head, { waitForTrailers: hasTrailer });
  if (hasTrailer) stream.once('wantTrailers', () => stream.sendTrailers(headersOf(trailer)));
  for (; step !== undefined && step.done !== true; step = await chunks?.next()) {
    // A stream that is gone takes no more and never drains.
    if (isGone(stream)) return void chunks?.return?.()?.then(undefined, () => {});
    if (!stream.write(step.value)) await drained(stream);
  }
  if (!isGone(stream)) stream.end();
}

/** Cookies are the only ones that there may be several of. */
function headersOf(headers: Headers | undefined): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = Object.fromEntries(headers ?? []);
  if (all['set-cookie'] !== undefined) all['set-cookie'] = headers?.getSetCookie();
  return all;
}

function isGone(stream: ServerHttp2Stream): boolean {
  return stream.closed || stream.destroyed;
}

/** Plain HTTP is served on HTTP/1.1: the reset tells a client to come back with that. */
function notRpc(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED);
}
