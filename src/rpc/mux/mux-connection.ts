import type { Socket } from 'node:net';
import { type Admit, type PeerCertificate, withTransport } from '../../call/index.ts';
import type { Context, Timer } from '../../concurrency/index.ts';
import { peerCertificateOf } from '../../net/tcp/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import type { Sink } from '../codec/sink.ts';
import type { InboundCalls } from '../inbound-call.ts';
import { RpcErrors } from '../rpc-errors.ts';
import type { MessageLimits } from './messages.ts';
import { MuxSocket, type MuxSocketOwner } from './mux-socket.ts';
import { codes, type MuxViolation, version } from './protocol.ts';
import { type KnownMethod, ServerCall } from './server-call.ts';
import { ServerEngine, type ServerEngineHooks } from './server-engine.ts';
import type { MuxSettings } from './settings.ts';
import { connectionWindow, firstWindow, growthLimits } from './windows.ts';

export interface MuxConnectionOptions {
  readonly calls: InboundCalls;
  /** Undefined: everything is admitted. */
  readonly admit: Admit | undefined;
  readonly maxMessageBytes: number;
  readonly compressMinBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxConcurrentStreams: number;
  readonly keepAliveMs: number;
}

/** What all connections of a server share. */
export interface MuxHost {
  readonly options: MuxConnectionOptions;
  readonly limits: MessageLimits;
  readonly sink: Sink;
  methodOf(path: string): KnownMethod;
  connectionClosed(connection: MuxConnection): void;
}

/** The server's end of a connection. */
export class MuxConnection implements ServerEngineHooks<KnownMethod>, MuxSocketOwner {
  readonly engine: ServerEngine<KnownMethod>;
  readonly limits: MessageLimits;
  readonly maxMessageBytes: number;
  readonly calls: InboundCalls;
  readonly admit: Admit | undefined;
  /** What its calls descend from. */
  readonly base: Context;
  readonly address: string | undefined;
  readonly peer: PeerCertificate | undefined;
  readonly #host: MuxHost;
  readonly #socket: MuxSocket;
  #timer: Timer | undefined;
  #isAsked = false;
  #isLeaving = false;
  #mayClose = false;
  #isClosed = false;

  constructor(base: Context, socket: Socket, host: MuxHost) {
    const { options } = host;
    this.#host = host;
    this.limits = host.limits;
    this.maxMessageBytes = options.maxMessageBytes;
    this.calls = options.calls;
    this.admit = options.admit;
    this.address = socket.remoteAddress;
    this.peer = peerCertificateOf(socket);
    this.base = withTransport(base, { transport: 'rpc', address: this.address, peer: this.peer, tell() {} });
    this.engine = new ServerEngine(settingsOf(options), this, host.sink, growthLimits);
    this.#socket = new MuxSocket(socket, this.engine, base.clock, this);
  }

  start(): void {
    this.#watch(this.#host.options.keepAliveMs);
    this.#socket.start();
  }

  /** When what is being read came. */
  get heardAt(): number {
    return this.#socket.heardAt;
  }

  /** Tells the client to call elsewhere; it closes when the client has understood and the last call has ended. */
  leave(code: number, reason: string): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    if (this.engine.peer === undefined) {
      // No call was possible yet.
      this.#socket.close();
      return;
    }
    this.engine.goAway(code, reason);
    this.#timer?.stop();
    this.#timer = this.base.clock.after(ackMs, () => {
      this.#timer = undefined;
      // It does not read what it is told; what it sends from now on it has to repeat.
      this.#mayClose = true;
      this.callEnded();
      if (!this.#isClosed) this.#watch(this.#host.options.keepAliveMs);
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  callEnded(): void {
    if (this.#mayClose && this.engine.streams.size === 0) this.#socket.close();
  }

  onMethod(path: string): KnownMethod {
    return this.#host.methodOf(path);
  }

  onCall(method: KnownMethod): ServerCall {
    return new ServerCall(this, method);
  }

  now(): number {
    return this.base.clock.now();
  }

  onOutput(): void {
    this.#socket.flushLater();
  }

  onFull(): void {
    this.#socket.flush();
  }

  onSettings(): void {}

  onPong(): void {}

  /** Only a client that found this side at fault says so. */
  onGoAway(code: number, reason: string): void {
    telemetryOf(this.base).log.debug(this.base, 'a client ended its mux connection', { code, reason });
    this.#socket.close();
  }

  onGoAwayAck(): void {
    this.engine.refuseCalls();
    this.#mayClose = true;
    this.callEnded();
  }

  onBroken(violation: MuxViolation | undefined): void {
    this.engine.lost(RpcErrors.CALLER_LEFT('the caller left', { cause: violation }));
  }

  onClosed(violation: MuxViolation | undefined, error: Error | undefined): void {
    this.#isClosed = true;
    this.#timer?.stop();
    if (violation !== undefined)
      telemetryOf(this.base).log.debug(this.base, 'a mux connection was closed', { error: violation });
    this.engine.lost(RpcErrors.CALLER_LEFT('the caller left', { cause: violation ?? error }));
    this.#host.connectionClosed(this);
  }

  /** Closes it when nothing has come for long; while calls run, the client is asked for a sign of life first. */
  #watch(ms: number): void {
    const { clock } = this.base;
    this.#timer = clock.after(ms, () => {
      const { keepAliveMs } = this.#host.options;
      const left = this.#socket.heardAt + keepAliveMs - clock.now();
      if (left > 0) {
        this.#isAsked = false;
        this.#watch(left);
      } else if (this.#isAsked || (this.engine.streams.size === 0 && this.#isLeaving)) {
        this.destroy();
      } else if (this.engine.streams.size === 0) {
        this.leave(codes.idle, 'nothing was called for a long time');
      } else {
        this.#isAsked = true;
        this.engine.ping();
        this.#watch(keepAliveMs);
      }
    });
  }
}

/** How long a client may take to understand that it is to call elsewhere. */
const ackMs = 1_000;

function settingsOf(options: MuxConnectionOptions): MuxSettings {
  const { maxConcurrentStreams, maxMessageBytes, maxHeaderBytes } = options;
  return {
    lowestVersion: version,
    highestVersion: version,
    maxStreams: maxConcurrentStreams,
    streamWindow: firstWindow,
    connectionWindow: connectionWindow(maxConcurrentStreams),
    maxMessageBytes,
    maxHeadBytes: maxHeaderBytes,
    gzip: true,
    metadata: true,
  };
}
