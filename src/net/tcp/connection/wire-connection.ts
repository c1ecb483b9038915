import type { Socket } from 'node:net';
import type { Awaitable, CancelContext, Context, Timer } from '../../../concurrency/index.ts';
import { LinkedList } from '../../../concurrency/parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../../../concurrency/parking/park.ts';
import { refuseDone } from '../../../concurrency/parking/ready.ts';
import { isStatusError, type StatusError } from '../../../errors/index.ts';
import { formatAddress, localAddressOf, type NetAddress, remoteAddressOf } from '../address/net-address.ts';
import type { FrameCodec, FrameDecoder } from '../framing/frame-codec.ts';
import { TcpErrors } from '../tcp-errors.ts';
import { type TlsState, tlsStateOf } from '../tls/tls-state.ts';
import { Wire, type WireHandler } from '../wire.ts';
import { ChunkQueue } from './chunk-queue.ts';
import type { Connection } from './connection.ts';
import { again, failAll, overdueError } from './connection-end.ts';
import { ConnectionTimeouts, type WatchedTimes } from './connection-timeouts.ts';
import { MessageLoop } from './message-loop.ts';

export interface WireConnectionOptions<In, Out> {
  readonly codec: FrameCodec<In, Out>;
  readonly times: WatchedTimes;
  /** Clock, values and telemetry come from it; its end does not end the connection. */
  readonly base: Context;
  readonly draining: Context;
}

/** The one implementation of {@link Connection}: a wire, a decoder, and those who wait for either. */
export class WireConnection<In, Out> implements Connection<In, Out>, WireHandler, ParkingPlace {
  readonly ctx: CancelContext;
  readonly draining: Context;
  readonly remoteAddress: NetAddress;
  readonly #wire: Wire;
  readonly #codec: FrameCodec<In, Out>;
  readonly #decoder: FrameDecoder<In>;
  readonly #times: ConnectionTimeouts;
  /** What came while the decoder still had messages. */
  #ahead: ChunkQueue | undefined;
  readonly #readers = new LinkedList<Waiter<In | undefined>>();
  readonly #writers = new LinkedList<Waiter<void, Out>>();
  /** Why nothing more can be read or written. */
  #end: StatusError | undefined;
  /** The decoder has asked for more, and there is no more. */
  #isDry = true;
  #isPaused = false;
  /** The socket's buffer is full: `onDrain` will be called. */
  #isFull = false;
  #hasPeerEnded = false;
  /** The last message was given: every read answers undefined. */
  #isReadOut = false;
  /** Reads end where the messages do that have come. */
  #isReadStopped = false;
  #isWriteClosed = false;
  #isClosing = false;
  #isClosed = false;
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #whenClosed: PromiseWithResolvers<void> | undefined;

  /** Owns the socket, and begins to read at once. */
  constructor(socket: Socket, { codec, times, base, draining }: WireConnectionOptions<In, Out>) {
    this.ctx = base.withCancel();
    this.draining = draining;
    this.remoteAddress = remoteAddressOf(socket) ?? nowhere;
    this.#codec = codec;
    this.#decoder = codec.decoder();
    this.#times = new ConnectionTimeouts(times, base.clock.now());
    this.#wire = new Wire(socket, this);
    if (times.idleTimeoutMs > 0) this.#checkBy(this.#times.activeAt + times.idleTimeoutMs);
    this.#wire.start();
    // One that is closed already does not say so again.
    if (socket.closed) process.nextTick(() => this.onClose(undefined));
  }

  get localAddress(): NetAddress {
    return localAddressOf(this.#wire.socket) ?? nowhere;
  }

  get tls(): TlsState | undefined {
    return tlsStateOf(this.#wire.socket);
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#whenClosed ??= Promise.withResolvers();
    return this.#whenClosed.promise;
  }

  read(ctx: Context): Awaitable<In | undefined> {
    refuseDone(ctx);
    if (this.#readers.head === undefined) {
      const message = this.#next();
      if (message !== undefined || this.#isReadOut) return message;
    }
    this.#times.activeAt = this.ctx.clock.now();
    return park(ctx, this.#readers, this, 'read', undefined);
  }

  write(ctx: Context, message: Out): Awaitable<void> {
    refuseDone(ctx);
    if (!this.tryWrite(message)) return park(ctx, this.#writers, this, 'write', message);
  }

  tryWrite(message: Out): boolean {
    if (this.#end !== undefined) throw again(this.#end);
    if (this.#isWriteClosed)
      throw TcpErrors.WRITE_CLOSED('the connection takes no more writes: this side has ended it');
    if (this.#isFull || this.#writers.head !== undefined) return false;
    this.#encode(message);
    return true;
  }

  closeWrite(): void {
    if (this.#isWriteClosed || this.#end !== undefined) return;
    this.#isWriteClosed = true;
    failAll(this.#writers, TcpErrors.WRITE_CLOSED('this side ended the connection before there was room'));
    this.#wire.end();
  }

  close(): Promise<void> {
    if (this.#isClosed || this.#isClosing || this.#end !== undefined) return this.closed;
    this.#isClosing = true;
    this.#endWith(TcpErrors.CONNECTION_CLOSED('this side has closed the connection'));
    this.#ahead = undefined;
    this.#wire.end();
    this.#times.lingerSince = this.ctx.clock.now();
    if (this.#isPaused) this.#wire.resume();
    this.#check();
    return this.closed;
  }

  destroy(cause?: unknown): void {
    const reason = TcpErrors.CONNECTION_CLOSED(
      'this side has cut the connection',
      cause === undefined ? {} : { cause },
    );
    this.#endWith(isStatusError(cause) ? cause : reason);
    this.#wire.destroy();
  }

  /** Reads end where the messages do that have come. */
  stopReading(): void {
    this.#isReadStopped = true;
    if (this.#isDry) this.#serveReaders();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<In, void> {
    return new MessageLoop(this);
  }

  describe(operation: string): string {
    return `${operation} on the connection with ${formatAddress(this.remoteAddress)}`;
  }

  onBytes(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#times.activeAt = this.ctx.clock.now();
    if (this.#isDry) {
      this.#isDry = false;
      this.#decoder.push(chunk);
      this.#serveReaders();
    } else {
      this.#ahead ??= new ChunkQueue();
      this.#ahead.push(chunk);
    }
    if (!this.#isDry && this.#ahead?.isFull === true && !this.#isPaused) {
      this.#isPaused = true;
      this.#wire.pause();
    }
  }

  onEnd(): void {
    this.#hasPeerEnded = true;
    if (this.#isDry && this.#end === undefined) this.#serveReaders();
  }

  onDrain(): void {
    this.#isFull = false;
    this.#times.activeAt = this.ctx.clock.now();
    for (let writer = this.#writers.head; writer !== undefined && !this.#isFull; writer = this.#writers.head) {
      try {
        this.#encode(writer.payload);
        writer.deliver(undefined);
      } catch (error) {
        writer.fail(error);
      }
    }
  }

  onClose(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.stop();
    this.#timer = undefined;
    const isClean = error === undefined && this.#hasPeerEnded && this.#isWriteClosed;
    if (isClean) {
      // Messages that came may still be read; nobody can wait for more, since the peer's end was told.
      this.ctx.cancel(TcpErrors.CONNECTION_CLOSED('both sides have ended the connection'));
    } else {
      this.#endWith(TcpErrors.CONNECTION_LOST(`the connection broke: ${error?.message ?? 'closed'}`, { cause: error }));
    }
    this.#whenClosed?.resolve();
  }

  /** The next message; undefined if none is complete, and if there will be none (`isReadOut`). */
  #next(): In | undefined {
    if (this.#end !== undefined) throw again(this.#end);
    if (this.#isReadOut) return undefined;
    try {
      return this.#decode();
    } catch (thrown) {
      const error = isStatusError(thrown) ? thrown : TcpErrors.MALFORMED_FRAME('the codec failed', { cause: thrown });
      this.#endWith(error);
      this.#wire.destroy();
      throw error;
    }
  }

  #decode(): In | undefined {
    const decoder = this.#decoder;
    if (!this.#isDry) {
      for (;;) {
        const message = decoder.next();
        if (message !== undefined) return message;
        const chunk = this.#ahead?.shift();
        if (chunk === undefined) break;
        decoder.push(chunk);
      }
      this.#ranDry();
    }
    if (this.#hasPeerEnded) {
      this.#isReadOut = true;
      return decoder.end();
    }
    // Half a message is waited for: it is on its way, and its time is limited.
    if (this.#isReadStopped && decoder.partialBytes === 0) this.#isReadOut = true;
    return undefined;
  }

  #ranDry(): void {
    this.#isDry = true;
    this.#ahead = undefined;
    this.#checkBy(this.#times.ranDry(this.#decoder.partialBytes));
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#wire.resume();
  }

  #serveReaders(): void {
    try {
      for (let reader = this.#readers.head; reader !== undefined; reader = this.#readers.head) {
        const message = this.#next();
        if (message === undefined && !this.#isReadOut) return;
        reader.deliver(message);
      }
    } catch {
      // What cannot be decoded has ended the connection, and failed those who wait.
    }
  }

  #encode(message: Out): void {
    const wire = this.#wire;
    const isFirst = wire.pendingBytes === 0;
    this.#codec.encode(message, wire);
    if (wire.isFull) this.#isFull = true;
    const now = this.ctx.clock.now();
    if (isFirst) this.#checkBy(this.#times.wroteFirst(now, wire.takenBytes));
    else this.#times.activeAt = now;
  }

  /** Nothing more is read or written; only the first reason counts. */
  #endWith(error: StatusError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#isWriteClosed = true;
    failAll(this.#readers, error);
    failAll(this.#writers, error);
    this.ctx.cancel(error);
  }

  /** One timer serves all times: it is armed anew only for an earlier one. */
  #checkBy(due: number): void {
    if (due >= this.#timerDue || this.#isClosed) return;
    this.#timer?.stop();
    this.#timerDue = due;
    this.#timer = this.ctx.clock.at(due, this.#check);
  }

  readonly #check = (): void => {
    this.#timerDue = Number.POSITIVE_INFINITY;
    if (this.#isClosed) return;
    const { clock } = this.ctx;
    const overdue = this.#times.check({
      now: clock.now(),
      isAwaited: this.#readers.head !== undefined,
      partialBytes: this.#isDry ? this.#decoder.partialBytes : 0,
      pendingBytes: this.#wire.pendingBytes,
      takenBytes: this.#wire.takenBytes,
    });
    if (typeof overdue === 'number') {
      this.#checkBy(overdue);
      return;
    }
    this.#endWith(overdueError(overdue, this.#times.times));
    this.#wire.destroy();
  };
}

/** Of a socket that was closed before anybody asked. */
const nowhere: NetAddress = { family: 'unix', host: '', port: 0 };
