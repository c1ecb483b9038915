import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Clock, Timer } from '../concurrency/index.ts';
import type { StatusError } from '../errors/index.ts';
import { RpcErrors } from './rpc-errors.ts';

export interface NodeSessionOptions {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** A connection without calls is closed after this. */
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Called once, when it takes no more calls. */
  readonly onEnd: (session: NodeSession) => void;
}

/**
 * One HTTP/2 connection to a node. It keeps the process alive only while calls run on it, asks a silent peer for a sign of
 * life while they do, and takes no more calls once the node said that it goes away.
 */
export class NodeSession {
  readonly ready: Promise<void>;
  readonly #session: ClientHttp2Session;
  readonly #options: NodeSessionOptions;
  #calls = 0;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  #heartbeat: Timer | undefined;

  constructor(url: string, options: NodeSessionOptions) {
    this.#options = options;
    this.#session = connect(url, {
      settings: { enablePush: false, initialWindowSize: streamWindowBytes, maxHeaderListSize: options.maxHeaderBytes },
      maxSessionMemory: 64,
    });
    this.ready = new Promise((resolve, reject) => {
      const timer = options.clock.after(options.connectTimeoutMs, () => {
        this.#fail(reject, RpcErrors.CONNECT_FAILED(`no connection to ${url} within ${options.connectTimeoutMs} ms`));
      });
      this.#session.once('connect', () => {
        timer.stop();
        this.#open();
        resolve();
      });
      this.#session.once('error', (error) => {
        timer.stop();
        this.#fail(reject, RpcErrors.CONNECT_FAILED(`cannot connect to ${url}: ${error.message}`, { cause: error }));
      });
      this.#session.once('close', () => {
        timer.stop();
        this.#fail(reject, RpcErrors.CONNECT_FAILED(`the connection to ${url} was closed while it was made`));
      });
    });
    this.ready.catch(() => {});
    this.#session.on('error', () => {});
    this.#session.on('goaway', () => this.#end());
  }

  /** Calls that run. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether another call may start. */
  get hasRoom(): boolean {
    if (this.#state === 'ended') return false;
    const limit = this.#session.remoteSettings?.maxConcurrentStreams ?? assumedMaxStreams;
    return this.#calls < limit;
  }

  /** Opens a stream. Only after `ready` and while `hasRoom`; throws CONNECT_FAILED where the connection ended just now. */
  request(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(headers, { endStream });
    } catch (error) {
      this.#end();
      throw RpcErrors.CONNECT_FAILED('the connection ended before the call was sent', { cause: error });
    }
    if (this.#calls++ === 0) this.#wake();
    stream.once('close', () => {
      if (--this.#calls === 0) this.#rest();
    });
    return stream;
  }

  /** Ends the calls that run, and the connection. */
  destroy(): void {
    this.#end();
    this.#session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }

  #open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#session.setLocalWindowSize(sessionWindowBytes);
    this.#session.once('close', () => this.#end());
    this.#rest();
  }

  #fail(reject: (error: StatusError) => void, error: StatusError): void {
    if (this.#state === 'connecting') {
      reject(error);
      this.#session.destroy();
    }
    this.#end();
  }

  #wake(): void {
    this.#session.setTimeout(0);
    this.#session.ref();
    this.#beat();
  }

  #rest(): void {
    this.#heartbeat?.stop();
    if (this.#state === 'ended') return;
    this.#session.unref();
    // Node's own timer: unlike a Clock's it does not keep the process alive.
    this.#session.setTimeout(this.#options.idleTimeoutMs, () => this.#end());
  }

  /** A peer that vanished without a word is found by a ping that nobody answers, so that its calls fail and not hang. */
  #beat(): void {
    const { clock } = this.#options;
    this.#heartbeat = clock.after(heartbeatMs, () => {
      const patience = clock.after(heartbeatMs, () =>
        this.#session.destroy(new Error('the node does not answer pings')),
      );
      this.#heartbeat = patience;
      const sent = this.#session.ping((error) => {
        if (!patience.stop() || error !== null || this.#calls === 0) return;
        this.#beat();
      });
      if (!sent) patience.stop();
    });
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    if (this.#calls === 0) this.#heartbeat?.stop();
    if (!this.#session.destroyed) this.#session.close();
    this.#options.onEnd(this);
  }
}

const heartbeatMs = 10_000;
const streamWindowBytes = 1 << 20;
const sessionWindowBytes = 8 << 20;
/** Until the node has said how many it takes: the least that RFC 9113, section 6.5.2, recommends. */
const assumedMaxStreams = 100;
