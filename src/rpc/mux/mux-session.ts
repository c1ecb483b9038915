import type { Socket } from 'node:net';
import { background, type Clock, type Timer } from '../../concurrency/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { markUnsent } from '../../guard/index.ts';
import { dialSocket, type TlsClientOptions, tlsFailureText } from '../../net/tcp/index.ts';
import type { Sink } from '../codec/sink.ts';
import { connectFailureText } from '../connect-failure.ts';
import type { ConnectionEvents, NodeConnection } from '../node-pool.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { ClientEngine } from './client-engine.ts';
import type { EngineHooks } from './engine-hooks.ts';
import { MuxSocket, type MuxSocketOwner } from './mux-socket.ts';
import type { MuxViolation } from './protocol.ts';
import { version } from './protocol.ts';
import type { MuxSettings } from './settings.ts';
import { Silence } from './silence.ts';
import { connectionWindow, firstWindow, growthLimits } from './windows.ts';

export interface MuxSessionOptions {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** A connection without calls is closed after this. */
  readonly idleTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly maxHeaderBytes: number;
  /** Shared by all connections. */
  readonly sink?: Sink;
  /** Of connections to `https:` nodes. Default: the authorities of the platform are believed. */
  readonly tls?: Omit<TlsClientOptions, 'alpnProtocols'>;
}

/**
 * One connection to a node. It is ready when the node has sent its settings, so that a node that accepts connections and
 * serves none counts as not reached. It keeps the process alive only while calls run on it, asks a silent node for a sign
 * of life while they do, and takes no more calls once the node said that it goes away.
 */
export class MuxSession implements NodeConnection, EngineHooks, MuxSocketOwner {
  /** Rejects with CONNECT_FAILED. */
  readonly ready: Promise<void>;
  readonly engine: ClientEngine;
  readonly #url: string;
  readonly #options: MuxSessionOptions;
  readonly #events: ConnectionEvents<MuxSession>;
  readonly #connecting = background().withCancel();
  #settle: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  #socket: MuxSocket | undefined;
  #isEnded = false;
  #isGone = false;
  #calls = 0;
  #maxCalls = Number.POSITIVE_INFINITY;
  #heartbeat: Timer | undefined;
  #connectTimer: Timer;
  readonly #silence = new Silence();
  #restsSince = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(url: string, options: MuxSessionOptions, events: ConnectionEvents<MuxSession>) {
    const { clock, connectTimeoutMs } = options;
    this.#url = url;
    this.#options = options;
    this.#events = events;
    this.engine = new ClientEngine(settingsOf(options), this, options.sink, growthLimits);
    this.ready = this.#settle!.promise;
    this.ready.catch(() => {});
    this.#connectTimer = clock.after(connectTimeoutMs, () =>
      this.#fail(`it did not answer within ${connectTimeoutMs} ms`, undefined),
    );
    void this.#connect();
  }

  /** The node has sent its settings, and takes calls. */
  get isOpen(): boolean {
    return this.#settle === undefined && !this.#isEnded;
  }

  get hasRoom(): boolean {
    return !this.#isEnded && this.#calls < this.#maxCalls;
  }

  /** Whether, now that the connection is ready, there is no room for all calls that were booked. */
  get isOverbooked(): boolean {
    return this.#isEnded || this.#calls > this.#maxCalls;
  }

  /** Books a call, which is to be released when it has ended. */
  book(): void {
    if (this.#calls++ === 0) this.#wake();
    if (this.engine.isUsedUp) this.#end();
  }

  release(): void {
    if (--this.#calls === 0) this.#rest();
  }

  destroy(): void {
    this.#end();
    this.#fail('the client is closed', undefined);
    this.#socket?.destroy();
  }

  now(): number {
    return this.#options.clock.now();
  }

  onOutput(): void {
    this.#socket?.flushLater();
  }

  onFull(): void {
    this.#socket?.flush();
  }

  onSettings(peer: MuxSettings): void {
    this.#maxCalls = peer.maxStreams;
    this.#connectTimer.stop();
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve();
  }

  onPong(): void {}

  onGoAway(_code: number, reason: string): void {
    this.#fail(`it takes no calls: ${reason}`, undefined);
    this.#end();
    this.engine.giveBack(unsent(`the call has not left: the node takes no more calls: ${reason}`, undefined));
  }

  onGoAwayAck(): void {}

  onBroken(violation: MuxViolation | undefined, error: Error | undefined): void {
    this.#lose(violation, error);
  }

  onClosed(violation: MuxViolation | undefined, cause: Error | undefined): void {
    this.#isGone = true;
    this.#lose(violation, cause);
    this.#heartbeat?.stop();
    clearTimeout(this.#idleTimer);
    this.#events.onGone(this);
  }

  async #connect(): Promise<void> {
    let socket: Socket;
    try {
      // Not before its owner knows this connection: the address may be none.
      await undefined;
      socket = await dialSocket(this.#connecting, dialOptionsOf(this.#url, this.#options));
    } catch (cause) {
      this.#fail(connectFailureText(this.#url, cause), cause);
      return;
    }
    if (this.#isEnded) {
      socket.destroy();
      return;
    }
    this.#socket = new MuxSocket(socket, this.engine, this.#options.clock, this);
    if (this.#calls === 0) this.#rest();
    this.#socket.start();
  }

  /** Before it was ready: nothing was sent. */
  #fail(why: string, cause: unknown): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    this.#connectTimer.stop();
    const error = RpcErrors.CONNECT_FAILED(`cannot connect to ${this.#url}: ${why}`, { cause });
    this.#end();
    settle.reject(markUnsent(error, 'transport'));
    this.#connecting.cancel();
    this.#socket?.destroy();
    if (this.#socket === undefined) this.#events.onGone(this);
  }

  /** Fails what runs. */
  #lose(violation: MuxViolation | undefined, error: Error | undefined): void {
    const cause = violation ?? error;
    // Who speaks another protocol breaks ours with its first bytes.
    const why =
      violation === undefined ? connectFailureText(this.#url, error) : `it does not speak mux (${violation.message})`;
    this.#fail(why, cause);
    this.#end();
    const what = cause === undefined ? 'it closed the connection' : tlsFailureText(cause);
    this.engine.giveBack(unsent(`the call has not left: ${what}`, cause));
    this.engine.lost(
      violation === undefined
        ? RpcErrors.CONNECTION_LOST(`the connection ended before the answer: ${what}`, { cause })
        : RpcErrors.PROTOCOL_ERROR(`the node does not keep to the protocol: ${what}`, { cause }),
    );
  }

  /** It takes no more calls; what runs ends in order. */
  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.onEnd(this);
    if (this.#calls === 0) this.#socket?.close();
  }

  #wake(): void {
    const { clock } = this.#options;
    const now = clock.now();
    const heardAt = this.#socket?.heardAt ?? now;
    this.#socket?.wire.socket.ref();
    this.#silence.begin(heardAt, now);
    this.#heartbeat = clock.after(Math.max(0, this.#silence.leftMs(heardAt, now)), () => this.#beat());
  }

  #rest(): void {
    this.#heartbeat?.stop();
    this.#heartbeat = undefined;
    if (this.#isGone || this.#socket === undefined) return;
    if (this.#isEnded) {
      this.#socket.close();
      return;
    }
    this.#socket.wire.socket.unref();
    this.#restsSince = this.#options.clock.now();
    if (this.#idleTimer === undefined) this.#closeWhenIdle(this.#options.idleTimeoutMs);
  }

  /** By a timer of the platform: unlike a Clock's it does not keep the process alive. It is not set anew for every rest. */
  #closeWhenIdle(ms: number): void {
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = undefined;
      if (this.#calls > 0) return;
      const left = this.#restsSince + this.#options.idleTimeoutMs - this.#options.clock.now();
      if (left > 0) this.#closeWhenIdle(Math.ceil(left));
      else if (this.#events.isKept()) this.#closeWhenIdle(this.#options.idleTimeoutMs);
      else this.#end();
    }, ms).unref();
  }

  /** A node that vanished without a word is found by a ping that nobody answers, so that its calls fail and not hang. */
  #beat(): void {
    const { clock } = this.#options;
    const socket = this.#socket;
    const now = clock.now();
    const heardAt = socket?.heardAt ?? now;
    let nextMs = connectingMs;
    if (socket !== undefined && this.#settle === undefined) {
      const next = this.#silence.next(heardAt, now);
      if (next === 'cut') {
        socket.wire.destroy(new Error('the node answers no pings'));
        return;
      }
      if (next === 'ask') this.engine.ping();
      nextMs = Math.max(1, this.#silence.leftMs(heardAt, now));
    }
    this.#heartbeat = clock.after(nextMs, () => this.#beat());
  }
}

/** For calls of which the node has heard nothing: another one may take them, whatever they do. */
function unsent(message: string, cause: unknown): StatusError {
  return markUnsent(RpcErrors.CONNECT_FAILED(message, { cause }), 'transport');
}

/** Until a connection is ready, the time limit of connecting holds. */
const connectingMs = 1_000;
/** As many as servers of ours take; where one takes more, slow readers of all of them hold up the others. */
const usualStreams = 1_000;

function settingsOf({ maxMessageBytes, maxHeaderBytes }: MuxSessionOptions): MuxSettings {
  return {
    lowestVersion: version,
    highestVersion: version,
    maxStreams: 0,
    streamWindow: firstWindow,
    connectionWindow: connectionWindow(usualStreams),
    maxMessageBytes,
    maxHeadBytes: maxHeaderBytes,
    gzip: true,
    metadata: true,
  };
}

function dialOptionsOf(text: string, { connectTimeoutMs, tls }: MuxSessionOptions) {
  const url = new URL(text);
  const isSecure = url.protocol.startsWith('https');
  const common = { connectTimeoutMs, ...(isSecure && { tls: tls ?? true }) };
  if (url.protocol.endsWith('+unix:')) return { ...common, path: decodeURIComponent(url.hostname) };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  return { ...common, host, port };
}
