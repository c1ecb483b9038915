import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Clock, Timer } from '../concurrency/index.ts';
import type { StatusError } from '../errors/index.ts';
import { markUnsent } from '../guard/index.ts';
import { type TlsClientOptions, tlsOptionsOf } from '../net/tcp/index.ts';
import { connectFailureText } from './connect-failure.ts';
import { muxSetting, offersMux } from './mux/mux-offer.ts';
import { RpcErrors } from './rpc-errors.ts';

export interface NodeSessionOptions {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** A connection without calls is closed after this. */
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** For an https address. Default: the authorities of the platform are believed. */
  readonly tls?: Omit<TlsClientOptions, 'alpnProtocols'>;
  /** Called once, when it takes no more calls. */
  readonly onEnd: (session: NodeSession) => void;
  /** Whether it stays open though nobody calls. Default: it is closed. */
  readonly isKept?: () => boolean;
}

/**
 * One HTTP/2 connection to a node. It is ready when the node has sent its settings, so that a node that accepts connections
 * and serves none counts as not reached. It keeps the process alive only while calls run on it, asks a silent node for a
 * sign of life while they do, and takes no more calls once the node said that it goes away.
 */
export class NodeSession {
  /** Rejects with CONNECT_FAILED. */
  readonly ready: Promise<void>;
  readonly #session: ClientHttp2Session;
  readonly #options: NodeSessionOptions;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  #calls = 0;
  #maxCalls = Number.POSITIVE_INFINITY;
  #heartbeat: Timer | undefined;

  constructor(url: string, options: NodeSessionOptions) {
    const { clock, connectTimeoutMs, maxHeaderBytes, tls } = options;
    this.#options = options;
    this.#session = connect(url, {
      ...(tls !== undefined && tlsOptionsOf(tls)),
      settings: { enablePush: false, initialWindowSize: streamWindowBytes, maxHeaderListSize: maxHeaderBytes },
      maxSessionMemory: maxSessionMegabytes,
      remoteCustomSettings: [muxSetting],
    });
    this.#session.on('error', () => {});
    this.#session.on('goaway', () => this.#end());
    this.#session.on('timeout', () => {
      if (this.#calls > 0) return;
      if (this.#options.isKept?.() === true) this.#rest();
      else this.#end();
    });
    this.ready = new Promise((resolve, reject) => {
      const fail = (why: string, cause?: unknown) => {
        timer.stop();
        this.#fail(reject, notSent(`cannot connect to ${url}: ${why}`, cause));
      };
      const timer = clock.after(connectTimeoutMs, () => fail(`it did not answer within ${connectTimeoutMs} ms`));
      this.#session.once('remoteSettings', () => {
        timer.stop();
        this.#open();
        resolve();
      });
      this.#session.once('error', (error) => fail(connectFailureText(url, error), error));
      // The session hears of some failures of TLS and says nothing: that the node wants another certificate, or one at all.
      this.#session.socket.once('error', (error) => fail(connectFailureText(url, error), error));
      this.#session.once('close', () => fail(connectFailureText(url, undefined)));
    });
    this.ready.catch(() => {});
  }

  /** Whether another call may start; while it connects nobody knows how many the node takes. */
  get hasRoom(): boolean {
    return this.#state !== 'ended' && this.#calls < this.#maxCalls;
  }

  /** Books a call, before `ready`. */
  lease(): NodeLease {
    if (this.#calls++ === 0) this.#wake();
    return new NodeLease(this.#session, {
      offersMux: () => offersMux(this.#session.remoteSettings),
      isOverbooked: () => this.#state === 'ended' || this.#calls > this.#maxCalls,
      onSessionEnd: () => this.#end(),
      onRelease: () => {
        if (--this.#calls === 0) this.#rest();
      },
    });
  }

  /** Ends the calls that run, and the connection. */
  destroy(): void {
    this.#end();
    this.#session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }

  #open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    const limit = () => {
      this.#maxCalls = this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
    };
    limit();
    this.#session.on('remoteSettings', limit);
    this.#session.setLocalWindowSize(sessionWindowBytes);
    if (this.#calls === 0) this.#rest();
  }

  #fail(reject: (error: StatusError) => void, error: StatusError): void {
    reject(error);
    if (this.#state === 'connecting') this.#session.destroy();
    this.#end();
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    if (!this.#session.destroyed) this.#session.close();
    this.#options.onEnd(this);
  }

  #wake(): void {
    this.#session.ref();
    this.#beat();
  }

  #rest(): void {
    this.#heartbeat?.stop();
    // Node's own timer: unlike a Clock's it does not keep the process alive.
    this.#session.setTimeout(this.#options.idleTimeoutMs);
    this.#session.unref();
  }

  /** A node that vanished without a word is found by a ping that nobody answers, so that its calls fail and not hang. */
  #beat(): void {
    const { clock } = this.#options;
    this.#heartbeat = clock.after(heartbeatMs, () => {
      const patience = clock.after(heartbeatMs, () => this.#session.destroy(new Error('the node answers no pings')));
      this.#heartbeat = patience;
      const sent = this.#session.ping((error) => {
        if (patience.stop() && error === null) this.#beat();
      });
      if (!sent) patience.stop();
    });
  }
}

interface LeaseHooks {
  offersMux(): boolean;
  isOverbooked(): boolean;
  onSessionEnd(): void;
  onRelease(): void;
}

/** The right to one call on a connection. */
export class NodeLease {
  readonly #session: ClientHttp2Session;
  readonly #hooks: LeaseHooks;
  #state: 'booked' | 'used' | 'released' = 'booked';

  constructor(session: ClientHttp2Session, hooks: LeaseHooks) {
    this.#session = session;
    this.#hooks = hooks;
  }

  /** Whether, now that the connection is ready, there is no room for this call after all. */
  get isOverbooked(): boolean {
    return this.#hooks.isOverbooked();
  }

  /** Whether the node has said that it speaks mux, too. */
  get offersMux(): boolean {
    return this.#hooks.offersMux();
  }

  /** Opens the call's stream, whose end releases the lease. Throws CONNECT_FAILED where the connection ended just now. */
  request(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    try {
      const stream = this.#session.request(headers, { endStream });
      this.#state = 'used';
      stream.once('close', this.#hooks.onRelease);
      return stream;
    } catch (cause) {
      this.#hooks.onSessionEnd();
      throw notSent('the connection ended before the call was sent', cause);
    }
  }

  /** Gives a lease back that was not used. Does nothing otherwise, or a second time. */
  release(): void {
    if (this.#state !== 'booked') return;
    this.#state = 'released';
    this.#hooks.onRelease();
  }
}

function notSent(message: string, cause: unknown): StatusError {
  return markUnsent(RpcErrors.CONNECT_FAILED(message, { cause }), 'transport');
}

const heartbeatMs = 10_000;
/** Room for what a node may send before this side has read it: per call, and per connection. */
const streamWindowBytes = 1 << 20;
const sessionWindowBytes = 8 << 20;
const maxSessionMegabytes = 64;
