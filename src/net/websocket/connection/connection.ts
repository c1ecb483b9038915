import type { Socket } from 'node:net';
import type { Awaitable, CancelContext, Context } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { Wire, type WireHandler } from '../../tcp/wire.ts';
import { inflateMessage } from '../deflate/message-deflate.ts';
import type { Deflate } from '../deflate/negotiation.ts';
import { CloseCode, isCloseCode } from '../frame/close-code.ts';
import { FrameDecoder, FrameEvent } from '../frame/frame-decoder.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import { maxControlBytes, Opcode } from '../frame/opcode.ts';
import type { CloseInfo, Message, Sendable, WebSocketConnection } from '../websocket-connection.ts';
import { WebSocketErrors } from '../websocket-errors.ts';
import { Inbox } from './inbox.ts';
import { KeepAlive, type TimedConnection } from './keep-alive.ts';
import { MessageIterator, type MessageSource, WaitingRead } from './messages.ts';
import { Outbox } from './outbox.ts';
import { Pings } from './pings.ts';
import type { Settings } from './settings.ts';

/** What the handshake came to. */
export interface Agreed {
  readonly protocol: string;
  readonly deflate: Deflate | undefined;
}

/**
 * One WebSocket after its handshake.
 *
 * ```
 *            close() or drain: Close sent               Close came: answered if it was not sent
 *   open ───────────────────────────────▶ closing ─────────────────────────────────────────────▶ over ─▶ socket closed
 *     │                                      │ closeTimeoutMs                                      ▲
 *     └──── Close came, failure of the peer, connection lost, cut ─────────────────────────────────┘
 * ```
 *
 * An idle one holds no buffer, no queue and no compressor: this object, four small ones, and a timer.
 */
export class Connection implements WebSocketConnection, WireHandler, MessageSource, TimedConnection {
  declare readonly ctx: Context;
  declare readonly protocol: string;
  declare readonly isDeflated: boolean;
  declare readonly inbox: Inbox;
  declare dropped: number;
  declare private readonly own: CancelContext;
  declare private readonly settings: Settings;
  declare private readonly wire: Wire;
  declare private readonly decoder: FrameDecoder;
  declare private readonly outbox: Outbox;
  declare private readonly keepAlive: KeepAlive;
  declare private pings: Pings | undefined;
  declare private isCloseSent: boolean;
  /** The peer's Close came and is not answered yet. */
  declare private owesClose: boolean;
  declare private isPaused: boolean;
  declare private isSocketClosed: boolean;
  /** Its Context has ended. */
  declare private isOver: boolean;
  /** What the last ping brought that there was no room to answer. */
  declare private unanswered: Uint8Array | undefined;
  declare private lastPendingBytes: number;
  declare private info: CloseInfo | undefined;
  declare private whenClosed: PromiseWithResolvers<CloseInfo> | undefined;
  declare private leaveParent: () => unknown;

  /** Takes the socket over: nobody else may listen to it. It is cut when `ctx` ends. Call `start`. */
  constructor(ctx: Context, socket: Socket, settings: Settings, frames: FrameEncoder, agreed: Agreed) {
    const { protocol, deflate } = agreed;
    // Apart from the call's, which may end with the socket: after a proper Close its work has some time left.
    const apart = ctx.withoutCancel();
    this.own = ctx.deadline === undefined ? apart.withCancel() : apart.withDeadline(ctx.deadline);
    this.ctx = this.own;
    this.protocol = protocol;
    this.isDeflated = deflate !== undefined;
    this.inbox = new Inbox();
    this.dropped = 0;
    this.settings = settings;
    this.wire = new Wire(socket, this);
    this.decoder = new FrameDecoder(settings, deflate === undefined ? undefined : inflateMessage);
    this.outbox = new Outbox(this.wire, settings, frames, deflate);
    this.keepAlive = new KeepAlive(ctx.clock, settings, this);
    this.pings = undefined;
    this.isCloseSent = false;
    this.owesClose = false;
    this.isPaused = false;
    this.isSocketClosed = false;
    this.isOver = false;
    this.unanswered = undefined;
    this.lastPendingBytes = 0;
    this.info = undefined;
    this.whenClosed = undefined;
    this.leaveParent = ctx.onDone(() => this.cut());
  }

  /** Begins to read; `rest` is what came after the handshake. */
  start(rest: Uint8Array): void {
    if (rest.length > 0) this.onBytes(rest);
    this.wire.start();
    if (this.isPaused) this.wire.pause();
    else this.wire.resume();
    // It was closed before anybody listened.
    if (this.wire.socket.destroyed) this.onClose();
  }

  get remoteAddress(): string {
    return this.wire.socket.remoteAddress ?? '';
  }

  get isOpen(): boolean {
    return !this.isCloseSent && (this.info === undefined || this.owesClose);
  }

  get closed(): CloseInfo | undefined {
    return this.info;
  }

  get bufferedBytes(): number {
    return this.wire.pendingBytes;
  }

  send(ctx: Context, message: Sendable): Awaitable<void> {
    if (ctx !== this.own) ctx.throwIfDone();
    if (!this.isOpen) throw this.closedError();
    if (this.offer(message)) return undefined;
    if (this.settings.whenSlow === 'wait') return this.outbox.wait(ctx, message);
    if (this.settings.whenSlow === 'disconnect') throw slowReader(this.settings.maxBufferedBytes);
    return undefined;
  }

  trySend(message: Sendable): boolean {
    if (!this.isOpen) return false;
    if (this.offer(message)) return true;
    if (this.settings.whenSlow === 'wait') this.dropped++;
    return false;
  }

  /** Queues it, or does what the policy says of one without room, but does not wait. */
  private offer(message: Sendable): boolean {
    if (this.outbox.offer(message) === 'queued') {
      this.keepAlive.isUsed = true;
      return true;
    }
    const { whenSlow } = this.settings;
    if (whenSlow === 'drop') this.dropped++;
    // What it has not taken would stand before a Close: there is no way to tell it.
    else if (whenSlow === 'disconnect') this.abandon(CloseCode.policy, tooSlow);
    return false;
  }

  read(ctx: Context): Awaitable<Message | undefined> {
    const message = this.take();
    if (message !== undefined || this.inbox.isEnded) return message;
    // The end of its own is told by the inbox.
    if (ctx === this.own) return new WaitingRead(undefined, this.inbox).promise;
    ctx.throwIfDone();
    return new WaitingRead(ctx, this.inbox).promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return new MessageIterator(this);
  }

  take(): Message | undefined {
    const { inbox } = this;
    const message = inbox.take();
    if (message !== undefined) {
      if (this.isPaused && inbox.queuedBytes * 2 < this.settings.maxQueuedBytes) this.pump();
    } else if (inbox.isEnded) {
      this.answerClose();
      this.endContext();
    }
    return message;
  }

  async discard(ctx: Context): Promise<CloseInfo> {
    while ((await this.read(ctx)) !== undefined);
    return this.info!;
  }

  async ping(ctx: Context): Promise<number> {
    ctx.throwIfDone();
    if (!this.isOpen) throw this.closedError();
    this.pings ??= new Pings();
    const { payload, answered } = this.pings.begin(ctx);
    this.outbox.writeControl(Opcode.ping, payload);
    return answered;
  }

  close(code: number = CloseCode.normal, reason = ''): Promise<CloseInfo> {
    if (!isCloseCode(code))
      throw new RangeError(`close: ${code} is not a code that may be sent; 3000 to 4999 are yours`);
    if (Buffer.byteLength(reason) > maxControlBytes - 2)
      throw new RangeError(`close: the reason has ${Buffer.byteLength(reason)} bytes; at most 123 fit`);
    this.startClose(code, reason);
    if (this.isSocketClosed) return Promise.resolve(this.info!);
    this.whenClosed ??= Promise.withResolvers();
    return this.whenClosed.promise;
  }

  /** The server leaves: the peer is told, after what is queued. */
  leave(): void {
    this.startClose(CloseCode.goingAway, 'the server stops');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Its owner is done with it: nobody reads any more. The socket must be closed. */
  release(): void {
    this.inbox.clear();
    this.endContext();
  }

  onBytes(chunk: Uint8Array): void {
    this.keepAlive.isHeard = true;
    this.decoder.push(chunk);
    this.pump();
  }

  onEnd(): void {
    if (this.info === undefined) this.abandon(CloseCode.abnormal, '');
    else if (!this.owesClose) this.wire.close();
  }

  onDrain(): void {
    const { unanswered } = this;
    this.unanswered = undefined;
    if (unanswered !== undefined && !this.isCloseSent) this.outbox.writeControl(Opcode.pong, unanswered);
    this.outbox.wake();
  }

  onClose(): void {
    this.isSocketClosed = true;
    this.leaveParent();
    this.owesClose = false;
    this.end(this.info ?? { code: CloseCode.abnormal, reason: '', wasClean: false });
    // Otherwise its owner goes on with what came before a proper Close, for a while.
    if (this.isOver) this.keepAlive.stop();
    this.whenClosed?.resolve(this.info!);
  }

  /** Reads what has come as far as there is room for it. */
  private pump(): void {
    const { decoder, inbox, settings } = this;
    for (;;) {
      const isFull = inbox.queuedBytes >= settings.maxQueuedBytes;
      if (isFull && this.isOpen) {
        this.pause();
        return;
      }
      switch (decoder.next()) {
        case FrameEvent.more:
          this.unpause();
          return;
        case FrameEvent.text:
          this.receive(decoder.text, isFull);
          break;
        case FrameEvent.binary:
          this.receive(decoder.bytes, isFull);
          break;
        case FrameEvent.ping:
          this.answerPing(decoder.bytes);
          break;
        case FrameEvent.pong:
          this.pings?.answered(decoder.bytes);
          break;
        case FrameEvent.close:
          this.receiveClose(decoder.code, decoder.reason);
          break;
        case FrameEvent.failure:
          this.fail(decoder.code, decoder.reason);
          break;
      }
    }
  }

  /** Of pings that find no room for their answers the last one is answered, as section 5.5.3 allows. */
  private answerPing(payload: Uint8Array): void {
    if (this.isCloseSent) return;
    if (this.outbox.isFull) this.unanswered = Uint8Array.from(payload);
    else this.outbox.writeControl(Opcode.pong, payload);
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.wire.pause();
  }

  private unpause(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.wire.resume();
  }

  /** After our Close, what has no room is dropped: nothing may stand before the peer's. */
  private receive(message: Message, isFull: boolean): void {
    this.keepAlive.isUsed = true;
    if (!isFull) this.inbox.put(message);
  }

  private receiveClose(code: number, reason: string): void {
    const info = { code, reason, wasClean: true };
    this.owesClose = true;
    // What came before can still be read, and answered: our Close waits for that (RFC 6455 section 5.5.1), not for long.
    if (!this.isCloseSent && this.inbox.mayGoOn()) {
      this.info = info;
      this.inbox.end();
      this.keepAlive.closeSoon();
    } else {
      this.info ??= info;
      this.answerClose();
    }
  }

  private answerClose(): void {
    if (!this.owesClose) return;
    const { code } = this.info!;
    if (!this.isCloseSent) this.sendClose(code === CloseCode.noCode ? undefined : code, '');
    this.owesClose = false;
    this.end(this.info!);
    // The server closes first (section 7.1.1); the client waits for that, with a limit.
    if (this.settings.fromClient) this.wire.close();
  }

  private startClose(code: number, reason: string): void {
    if (this.owesClose) this.answerClose();
    else if (this.isOpen) {
      this.sendClose(code, reason);
      // The peer's Close may stand behind messages that nobody reads.
      if (this.isPaused) this.pump();
    }
  }

  /** The peer does what RFC 6455 forbids: Close, then no more of it (section 7.1.7). */
  private fail(code: number, reason: string): void {
    if (!this.isCloseSent) this.sendClose(code, reason);
    this.end({ code, reason, wasClean: false });
    // Closed at once, what the peer still sends would reset the connection and take our Close with it.
    this.wire.end();
  }

  private sendClose(code: number | undefined, reason: string): void {
    this.isCloseSent = true;
    this.outbox.writeControl(Opcode.close, closePayload(code, reason));
    this.outbox.fail(() => this.closedError());
    this.keepAlive.closeSoon();
  }

  /** No more messages can come, and none can be sent. */
  private end(info: CloseInfo): void {
    this.info ??= info;
    this.outbox.fail(() => this.closedError());
    this.pings?.fail(this.closedError());
    if (this.inbox.end() || !info.wasClean) this.endContext();
  }

  private endContext(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.own.cancel(this.closedError());
    if (this.isSocketClosed) this.keepAlive.stop();
  }

  /** Gives the connection up without a word. */
  private abandon(code: number, reason: string): void {
    this.end({ code, reason, wasClean: false });
    this.wire.destroy();
  }

  /** The Context that it was made with has ended: the peer is told in passing. */
  private cut(): void {
    if (this.isOpen && !this.wire.socket.destroyed) {
      this.sendClose(CloseCode.goingAway, '');
      this.wire.flush();
      this.abandon(CloseCode.goingAway, 'cut');
    } else if (!this.wire.socket.destroyed || this.info?.wasClean !== true) {
      this.abandon(CloseCode.abnormal, '');
    }
  }

  sendPing(): void {
    this.outbox.writeControl(Opcode.ping, none);
  }

  lost(): void {
    this.abandon(CloseCode.abnormal, 'no answer to a ping');
  }

  idle(): void {
    this.startClose(CloseCode.goingAway, 'idle');
  }

  expired(): void {
    if (this.owesClose) this.answerClose();
    else if (!this.isSocketClosed) this.abandon(CloseCode.abnormal, 'no answer to Close');
    this.endContext();
  }

  isMovingUnseen(): boolean {
    const pending = this.wire.pendingBytes;
    const isTaking = pending > 0 && pending !== this.lastPendingBytes;
    this.lastPendingBytes = pending;
    return this.isPaused || isTaking;
  }

  private closedError(): StatusError {
    const { info } = this;
    if (info === undefined) return WebSocketErrors.CONNECTION_CLOSED('the connection is closing');
    const { code, reason } = info;
    if (code === CloseCode.policy && reason === tooSlow) return slowReader(this.settings.maxBufferedBytes);
    return WebSocketErrors.CONNECTION_CLOSED(`the connection was closed: ${code}${reason && ` ${reason}`}`, {
      metadata: { code: String(code) },
    });
  }
}

const none = new Uint8Array(0);
const tooSlow = 'too slow';

function closePayload(code: number | undefined, reason: string): Uint8Array {
  if (code === undefined) return none;
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}

function slowReader(maxBufferedBytes: number): StatusError {
  return WebSocketErrors.SLOW_READER(`the peer did not take ${maxBufferedBytes} bytes in time`);
}
