import type { Socket } from 'node:net';
import type { Awaitable, CancelContext, Context } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { remoteAddressOf } from '../../tcp/index.ts';
import { Wire, type WireHandler } from '../../tcp/wire.ts';
import type { Deflate } from '../deflate/negotiation.ts';
import { CloseCode, isCloseCode } from '../frame/close-code.ts';
import { type FrameDecoder, FrameEvent } from '../frame/frame-decoder.ts';
import { maxControlBytes, Opcode } from '../frame/opcode.ts';
import type { CloseInfo, Message, Sendable, WebSocketConnection } from '../websocket-connection.ts';
import { WebSocketErrors } from '../websocket-errors.ts';
import type { TimedConnection } from './keep-alive.ts';
import { MessageIterator, type MessageSource, WaitingRead } from './messages.ts';
import { Pings } from './pings.ts';
import { Receiving } from './receiving.ts';
import type { Shared } from './shared.ts';

/** What the handshake came to. */
export interface Agreed {
  readonly protocol: string;
  readonly deflate: Deflate | undefined;
}

/** What has happened to a connection, as bits of one number: a field each would be 80 bytes of an idle one. */
const Flag = {
  closeSent: 1,
  /** The peer's Close came and is not answered yet. */
  owesClose: 2,
  paused: 4,
  /** No message will come but those that are queued. */
  ended: 8,
  socketClosed: 16,
  /** Its owner has closed it, and does not wait for messages any more. */
  left: 32,
  /** Somebody has asked for messages. */
  read: 64,
  heard: 128,
  used: 256,
  pinged: 512,
} as const;

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
 * An idle one holds no buffer, no queue, no timer, no decoder and no compressor: `npm run bench -- http-memory`.
 */
export class Connection extends Receiving implements WebSocketConnection, WireHandler, MessageSource, TimedConnection {
  declare readonly ctx: CancelContext;
  declare readonly protocol: string;
  declare dropped: number;
  declare private flags: number;
  /** Only while there is something to decode, or half of it. */
  declare private decoder: FrameDecoder | undefined;
  declare private pings: Pings | undefined;
  /** What the last ping brought that there was no room to answer. */
  declare private unanswered: Uint8Array | undefined;
  declare private lastPendingBytes: number;
  declare private info: CloseInfo | undefined;
  declare private whenClosed: PromiseWithResolvers<CloseInfo> | undefined;
  declare private readonly leaveParent: (() => unknown) | undefined;

  /** Takes the socket over: nobody else may listen to it. It is cut at the deadline of `ctx`. Call `start`. */
  constructor(ctx: Context, socket: Socket, shared: Shared, { protocol, deflate }: Agreed) {
    super(shared, deflate);
    this.wire = new Wire(socket, this);
    this.ctx = ctx.withCancel();
    this.protocol = protocol;
    this.dropped = 0;
    this.flags = 0;
    this.decoder = undefined;
    this.pings = undefined;
    this.unanswered = undefined;
    this.lastPendingBytes = 0;
    this.info = undefined;
    this.whenClosed = undefined;
    // Without a deadline it ends with its socket, which its server cuts: that needs no entry in the Context.
    this.leaveParent = ctx.deadline === undefined ? undefined : ctx.onDone(() => this.cut());
  }

  /** Begins to read; `rest` is what came after the handshake. */
  start(rest: Uint8Array): void {
    this.shared.keepAlive.watch(this);
    if (rest.length > 0) this.onBytes(rest);
    this.wire.start();
    if (this.is(Flag.paused)) this.wire.pause();
    else this.wire.resume();
    // It was closed before anybody listened.
    if (this.wire.socket.destroyed) this.onClose();
  }

  get remoteAddress(): string {
    return remoteAddressOf(this.wire.socket)?.host ?? '';
  }

  get isOpen(): boolean {
    return !this.is(Flag.closeSent) && (this.info === undefined || this.is(Flag.owesClose));
  }

  get closed(): CloseInfo | undefined {
    return this.info;
  }

  get isDeflated(): boolean {
    return this.deflate !== undefined;
  }

  get isEnded(): boolean {
    return this.is(Flag.ended);
  }

  get bufferedBytes(): number {
    return this.wire.pendingBytes;
  }

  send(ctx: Context, message: Sendable): Awaitable<void> {
    if (ctx !== this.ctx) ctx.throwIfDone();
    if (!this.isOpen) throw this.closedError();
    if (this.offerOr(message)) return undefined;
    const { whenSlow, maxBufferedBytes } = this.shared.settings;
    if (whenSlow === 'wait') return this.waitForRoom(ctx, message);
    if (whenSlow === 'disconnect') throw slowReader(maxBufferedBytes);
    return undefined;
  }

  trySend(message: Sendable): boolean {
    if (!this.isOpen) return false;
    if (this.offerOr(message)) return true;
    if (this.shared.settings.whenSlow === 'wait') this.dropped++;
    return false;
  }

  /** Queues it, or does what the policy says of one without room, but does not wait. */
  private offerOr(message: Sendable): boolean {
    if (this.offer(message)) {
      this.flags |= Flag.used;
      return true;
    }
    const { whenSlow } = this.shared.settings;
    if (whenSlow === 'drop') this.dropped++;
    // What it has not taken would stand before a Close: there is no way to tell it.
    else if (whenSlow === 'disconnect') this.abandon(CloseCode.policy, tooSlow);
    return false;
  }

  read(ctx: Context): Awaitable<Message | undefined> {
    const message = this.take();
    if (message !== undefined || this.isEnded) return message;
    // Its own ends with the connection, which the reader is told of anyway.
    if (ctx === this.ctx) return new WaitingRead(undefined, this).promise;
    ctx.throwIfDone();
    return new WaitingRead(ctx, this).promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return new MessageIterator(this);
  }

  take(): Message | undefined {
    this.flags |= Flag.read;
    const message = this.unqueue();
    if (message !== undefined) {
      if (this.is(Flag.paused) && this.queuedBytes * 2 < this.shared.settings.maxQueuedBytes) this.pump();
    } else if (this.isEnded) {
      this.answerClose();
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
    this.writeControl(Opcode.ping, payload);
    return answered;
  }

  close(code: number = CloseCode.normal, reason = ''): Promise<CloseInfo> {
    if (!isCloseCode(code))
      throw new RangeError(`close: ${code} is not a code that may be sent; 3000 to 4999 are yours`);
    if (Buffer.byteLength(reason) > maxControlBytes - 2)
      throw new RangeError(`close: the reason has ${Buffer.byteLength(reason)} bytes; at most 123 fit`);
    this.flags |= Flag.left;
    this.startClose(code, reason);
    if (this.is(Flag.socketClosed)) return Promise.resolve(this.info!);
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

  onBytes(chunk: Uint8Array): void {
    this.flags |= Flag.heard;
    // Once it has ended nothing is read any more.
    if (this.isEnded) return;
    this.decoder ??= this.shared.takeDecoder(this.isDeflated);
    this.decoder.push(chunk);
    this.pump();
  }

  onEnd(): void {
    if (this.info === undefined) this.abandon(CloseCode.abnormal, '');
    else if (!this.is(Flag.owesClose)) this.wire.close();
  }

  onDrain(): void {
    const { unanswered } = this;
    this.unanswered = undefined;
    if (unanswered !== undefined && !this.is(Flag.closeSent)) this.writeControl(Opcode.pong, unanswered);
    this.wakeSends();
  }

  onClose(): void {
    this.flags |= Flag.socketClosed;
    this.leaveParent?.();
    this.flags &= ~Flag.owesClose;
    this.end(this.info ?? { code: CloseCode.abnormal, reason: '', wasClean: false });
    this.shared.keepAlive.forget(this);
    this.whenClosed?.resolve(this.info!);
  }

  /** Reads what has come as far as there is room for it. */
  private pump(): void {
    const { decoder } = this;
    if (decoder === undefined) return;
    const { maxQueuedBytes } = this.shared.settings;
    for (;;) {
      const isFull = this.queuedBytes >= maxQueuedBytes;
      if (isFull && this.isOpen) {
        this.pause();
        return;
      }
      switch (decoder.next()) {
        case FrameEvent.more:
          this.rest(decoder);
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
    if (this.is(Flag.closeSent)) return;
    if (this.isClogged) this.unanswered = Uint8Array.from(payload);
    else this.writeControl(Opcode.pong, payload);
  }

  /** All that came is decoded: one that holds nothing goes back to the others. */
  private rest(decoder: FrameDecoder): void {
    if (decoder.isIdle) this.shared.giveDecoder(decoder, this.isDeflated);
    if (decoder.isIdle || this.isEnded) this.decoder = undefined;
  }

  private pause(): void {
    if (this.is(Flag.paused)) return;
    this.flags |= Flag.paused;
    this.wire.pause();
  }

  private unpause(): void {
    if (!this.is(Flag.paused)) return;
    this.flags &= ~Flag.paused;
    this.wire.resume();
  }

  /** After our Close, what has no room is dropped: nothing may stand before the peer's. */
  private receive(message: Message, isFull: boolean): void {
    this.flags |= Flag.used;
    if (!isFull) this.deliver(message);
  }

  private receiveClose(code: number, reason: string): void {
    const info = { code, reason, wasClean: true };
    this.flags |= Flag.owesClose;
    this.info ??= info;
    // A handler is still busy with what came before, and may answer it: our Close waits for that (RFC 6455 section 5.5.1), not for long.
    if (this.shared.settings.fromClient && this.is(Flag.read) && !this.hasReader && !this.is(Flag.left)) {
      this.flags |= Flag.ended;
      this.shared.keepAlive.closing(this);
    } else {
      this.answerClose();
    }
  }

  private answerClose(): void {
    if (!this.is(Flag.owesClose)) return;
    const { code } = this.info!;
    if (!this.is(Flag.closeSent)) this.sendClose(code === CloseCode.noCode ? undefined : code, '');
    this.flags &= ~Flag.owesClose;
    this.end(this.info!);
    // The server closes first (section 7.1.1); the client waits for that, with a limit.
    if (this.shared.settings.fromClient) this.wire.close();
  }

  private startClose(code: number, reason: string): void {
    if (this.is(Flag.owesClose)) this.answerClose();
    else if (this.isOpen) {
      this.sendClose(code, reason);
      // The peer's Close may stand behind messages that nobody reads.
      if (this.is(Flag.paused)) this.pump();
    }
  }

  /** The peer does what RFC 6455 forbids: Close, then no more of it (section 7.1.7). */
  private fail(code: number, reason: string): void {
    if (!this.is(Flag.closeSent)) this.sendClose(code, reason);
    this.end({ code, reason, wasClean: false });
    // Closed at once, what the peer still sends would reset the connection and take our Close with it.
    this.wire.end();
  }

  private sendClose(code: number | undefined, reason: string): void {
    this.flags |= Flag.closeSent;
    this.writeControl(Opcode.close, closePayload(code, reason));
    this.failSends(() => this.closedError());
    this.shared.keepAlive.closing(this);
  }

  /** No more messages can come, and none can be sent. */
  private end(info: CloseInfo): void {
    this.info ??= info;
    this.failSends(() => this.closedError());
    this.pings?.fail(this.closedError());
    this.flags |= Flag.ended;
    this.dismissReader();
    this.ctx.cancel(this.closedError());
  }

  /** Gives the connection up without a word. */
  private abandon(code: number, reason: string): void {
    this.end({ code, reason, wasClean: false });
    this.wire.destroy();
  }

  /** The deadline has passed: the peer is told on the way out. */
  private cut(): void {
    if (this.isOpen && !this.wire.socket.destroyed) {
      this.sendClose(CloseCode.goingAway, '');
      this.wire.flush();
      this.abandon(CloseCode.goingAway, 'cut');
    } else {
      this.abandon(CloseCode.abnormal, '');
    }
  }

  get isHeard(): boolean {
    return this.is(Flag.heard);
  }

  set isHeard(value: boolean) {
    this.set(Flag.heard, value);
  }

  get isUsed(): boolean {
    return this.is(Flag.used);
  }

  set isUsed(value: boolean) {
    this.set(Flag.used, value);
  }

  get isPinged(): boolean {
    return this.is(Flag.pinged);
  }

  set isPinged(value: boolean) {
    this.set(Flag.pinged, value);
  }

  private is(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  private set(flag: number, value: boolean): void {
    this.flags = value ? this.flags | flag : this.flags & ~flag;
  }

  sendPing(): void {
    this.writeControl(Opcode.ping, none);
  }

  lost(): void {
    this.abandon(CloseCode.abnormal, 'no answer to a ping');
  }

  idle(): void {
    this.startClose(CloseCode.goingAway, 'idle');
  }

  expired(): void {
    if (this.is(Flag.owesClose)) this.answerClose();
    else this.abandon(CloseCode.abnormal, 'no answer to Close');
  }

  isMovingUnseen(): boolean {
    const pending = this.wire.pendingBytes;
    const isTaking = pending > 0 && pending !== this.lastPendingBytes;
    this.lastPendingBytes = pending;
    return this.is(Flag.paused) || isTaking;
  }

  private closedError(): StatusError {
    const { info } = this;
    if (info === undefined) return WebSocketErrors.CONNECTION_CLOSED('the connection is closing');
    const { code, reason } = info;
    if (code === CloseCode.policy && reason === tooSlow) return slowReader(this.shared.settings.maxBufferedBytes);
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
