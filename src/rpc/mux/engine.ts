import type { StatusError } from '../../errors/index.ts';
import type { Sink } from '../codec/sink.ts';
import { Source } from '../codec/source.ts';
import type { EngineHooks } from './engine-hooks.ts';
import { FloodMeter } from './flood-meter.ts';
import { FrameCarry, frameTooLong } from './frame-carry.ts';
import type { MuxStream } from './mux-stream.ts';
import { Outbox } from './outbox.ts';
import { codes, flags, frames, headerBytes, MuxViolation, maxPayloadBytes, numberAt } from './protocol.ts';
import { SendRing } from './send-ring.ts';
import { decodeSettings, type MuxSettings } from './settings.ts';
import { StreamTable } from './stream-table.ts';
import { type GrowthLimits, noGrowth, WindowGrowth } from './window-growth.ts';
import { costOf, maxUnsentBytes, maxWaitingControls, maxWindow, minCost, overrun, unread } from './windows.ts';

/** More waits for the socket than this: messages wait in their streams, so that each gets its turn. */
const maxWaitingBytes = 256 * 1024;
/**
 * So much is written at once, and not at the end of the turn: else each side waited while the other works, and both stood
 * still half of the time (twice the calls at 64 callers; more, smaller writes cost more than they bring).
 */
export const flushBytes = 2_048;
/** What one stream sends before it is another's turn. */
const pieceBytes = 16 * 1024;

/**
 * One end of a connection: bytes and commands in, bytes and events out. It has no socket, no clock and no timer, and waits
 * for nothing. The states and frames are those of `docs/design/mux.md`.
 */
export abstract class MuxEngine {
  readonly own: MuxSettings;
  peer: MuxSettings | undefined;
  readonly out = new Outbox();
  /** Where messages are written before they are sent, within one call: engines may share it. */
  readonly sink: Sink;
  readonly streams = new StreamTable();
  /** The socket takes no more for now. */
  isBlocked = false;
  isDead = false;
  protected readonly hooks: EngineHooks;
  /** The newest stream. */
  protected lastId = 0;
  protected now = 0;
  protected readonly flood = new FloodMeter();
  #sendWindow = 0;
  #receiveWindow: number;
  #uncredited = 0;
  #isOutputTold = false;
  #isPumping = false;
  #controls = 0;
  readonly #ring = new SendRing();
  readonly #carry = new FrameCarry();
  readonly #growth: WindowGrowth;

  constructor(own: MuxSettings, hooks: EngineHooks, sink: Sink, growth: GrowthLimits = noGrowth) {
    this.#growth = new WindowGrowth(own.streamWindow, growth);
    this.sink = sink;
    this.own = own;
    this.hooks = hooks;
    this.#receiveWindow = own.connectionWindow;
  }

  /** Of the window that it gives, what nobody's unread messages hold: all of it, when nothing waits. */
  get receivable(): number {
    return this.#receiveWindow + this.#uncredited;
  }

  /** Bytes that came, which must not change any more. `now` in milliseconds. Throws a MuxViolation: the connection is over. */
  receive(chunk: Uint8Array, now: number): void {
    this.now = now;
    this.flood.tick(now, this.lastId);
    if (this.#controls > maxWaitingControls) throw unread();
    let at = this.#carry.length > 0 ? this.#complete(chunk) : 0;
    const { length } = chunk;
    if (at === length) return;
    const source = new Source(chunk);
    while (length - at >= headerBytes) {
      const size = (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]!;
      if (size > maxPayloadBytes) throw frameTooLong(size);
      const end = at + headerBytes + size;
      if (end > length) break;
      if (this.isBlocked && this.out.length > maxUnsentBytes) throw unread();
      this.#frame(chunk, at, source, end);
      if (this.isDead) return;
      at = end;
    }
    if (at < length) this.#carry.add(chunk, at);
  }

  /** `out` was written: it is empty, or `isBlocked`. */
  flushed(): void {
    this.#isOutputTold = false;
    if (!this.isBlocked) this.#controls = 0;
    this.pump();
  }

  /** Sends what is in the sink as a message. False: as there is room; `onWritable` tells when it has gone, perhaps at once. */
  send(stream: MuxStream, type: number, flag: number): boolean {
    const { sink } = this;
    const size = sink.bytes.length - sink.at;
    if (size <= maxPayloadBytes && stream.pending === undefined && this.hasRoom(stream, size)) {
      this.spend(stream, size);
      this.out.frameOf(type, flag | flags.message, stream.id, sink);
      this.output();
      this.sent(stream, type, flag);
      return true;
    }
    this.queue(stream, sink.finish(), type, flag);
    return false;
  }

  /** A message was read: the room that it cost is the sender's again. */
  consumed(stream: MuxStream, cost: number): void {
    this.#consumedOnConnection(cost);
    if (!stream.isOpen || !this.mayStillSend(stream)) {
      if (!stream.hasUnread) this.#growth.end(stream);
      return;
    }
    stream.uncredited += cost;
    const more = stream.pace?.isDue === true && !stream.hasUnread ? this.#growth.grow(stream, this.hooks.now()) : 0;
    if (more > 0 || stream.uncredited >= this.#growth.sizeOf(stream) >>> 1) this.#credit(stream, more);
  }

  /** Messages before it were taken: a message that comes in pieces may go on. */
  unreadTaken(stream: MuxStream): void {
    const cost = stream.partialUnread;
    if (cost === 0) return;
    stream.partialUnread = 0;
    this.consumed(stream, cost);
  }

  /** Ends a stream at once, on both sides. Does nothing for one that is closed. */
  reset(stream: MuxStream, code: number): void {
    if (!stream.isOpen) return;
    this.close(stream);
    // Without an id: the other side has heard nothing of it.
    if (stream.id !== 0) this.#control(frames.reset, 0, stream.id, code);
  }

  ping(payload = pingPayload): void {
    this.out.frame(frames.ping, 0, 0, payload);
    this.output();
  }

  goAway(code: number, reason: string): void {
    const text = Buffer.from(reason.slice(0, maxReasonLength));
    const payload = Buffer.alloc(4 + text.length);
    payload.writeUInt32BE(code);
    text.copy(payload, 4);
    this.out.frame(frames.goAway, 0, 0, payload);
    this.output();
  }

  /** The connection is gone: tells every stream. */
  lost(error: StatusError): void {
    this.isDead = true;
    for (const stream of this.streams.values()) {
      this.close(stream);
      stream.onLost(error);
    }
  }

  /** Sends of the messages that wait what there is room for, in turns. */
  pump(): void {
    // Not within itself: what is sent lets more be sent, for each of a thousand streams.
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.sendWaiting();
    while (!this.#ring.isEmpty && !this.isCongested && this.#sendWindow >= minCost) {
      const stream = this.#ring.take();
      if (stream.pending !== undefined) this.#sendPiece(stream, stream.pending);
      if (this.out.length >= flushBytes && !this.isBlocked) this.hooks.onFull();
    }
    this.#isPumping = false;
  }

  protected abstract onCall(id: number, flag: number, source: Source, end: number): void;
  protected abstract onAnswer(id: number, flag: number, source: Source, end: number): void;
  protected abstract onMethod(source: Source, end: number): void;
  protected abstract onMetadata(id: number, flag: number, source: Source, end: number): void;
  /** The stream's messages end here. */
  protected abstract onEnd(stream: MuxStream): void;
  /** Whether the other side may send messages on the stream. */
  protected abstract mayStillSend(stream: MuxStream): boolean;
  /** Sends what has waited and is not of a stream that is begun. */
  protected sendWaiting(): void {}
  /** A frame with the end of a message is written. */
  protected abstract sent(stream: MuxStream, type: number, flag: number): void;
  /** Throws a MuxViolation if the two cannot speak with each other. */
  protected abstract agree(peer: MuxSettings): void;

  protected output(): void {
    if (this.out.length >= flushBytes && !this.isBlocked && !this.#isPumping) {
      this.hooks.onFull();
    } else if (!this.#isOutputTold) {
      this.#isOutputTold = true;
      this.hooks.onOutput();
    }
  }

  protected hasRoom(stream: MuxStream, size: number): boolean {
    const cost = costOf(size);
    return cost <= stream.sendWindow && cost <= this.#sendWindow && !this.isCongested;
  }

  protected spend(stream: MuxStream, size: number): void {
    const cost = costOf(size);
    stream.sendWindow -= cost;
    this.#sendWindow -= cost;
  }

  protected queue(stream: MuxStream, message: Uint8Array, type: number, flag: number): void {
    stream.pending = message;
    stream.pendingAt = 0;
    stream.pendingType = type;
    stream.pendingFlags = flag;
    this.#ring.add(stream);
    this.pump();
  }

  protected open(stream: MuxStream, id: number): void {
    stream.id = id;
    stream.isOpen = true;
    stream.sendWindow = this.peer!.streamWindow;
    stream.receiveWindow = this.own.streamWindow;
    this.lastId = id;
    this.streams.add(stream);
  }

  protected close(stream: MuxStream): void {
    this.streams.delete(stream);
    this.#ring.remove(stream);
    stream.isOpen = false;
    stream.pending = undefined;
    stream.partial = undefined;
    if (stream.pace !== undefined && !stream.hasUnread) this.#growth.end(stream);
    if (stream.partialUnread > 0) {
      this.#consumedOnConnection(stream.partialUnread);
      stream.partialUnread = 0;
    }
  }

  /** The stream of a frame; undefined if it is closed. Throws for one that has never been. */
  protected known(id: number): MuxStream | undefined {
    const stream = this.streams.get(id);
    if (stream === undefined && (id === 0 || id > this.lastId))
      throw new MuxViolation(codes.protocol, `a frame for stream ${id}, which was not begun`);
    return stream;
  }

  /** Of a message, or of a piece of one, as far as it is one of `stream`. */
  protected piece(stream: MuxStream | undefined, flag: number, source: Source, end: number): void {
    const size = end - source.at;
    const cost = costOf(size);
    this.#receiveWindow -= cost;
    if (this.#receiveWindow < 0) throw overrun('the connection');
    if (stream === undefined) {
      this.#consumedOnConnection(cost);
      return;
    }
    stream.receiveWindow -= cost;
    if (stream.receiveWindow < 0) throw overrun(`stream ${stream.id}`);
    if (stream.partial !== undefined || (flag & flags.more) !== 0) this.#assemble(stream, flag, source, end, cost);
    else if (size > this.own.maxMessageBytes) this.#tooLarge(stream, cost);
    else stream.onMessage(source, end, (flag & flags.compressed) !== 0, cost);
  }

  protected get isCongested(): boolean {
    return this.isBlocked || this.out.length >= maxWaitingBytes;
  }

  /** Reads on at the frame that the last chunk broke off in. Answers where in `chunk` the next one begins. */
  #complete(chunk: Uint8Array): number {
    const taken = this.#carry.add(chunk, 0);
    const whole = this.#carry.take();
    if (whole !== undefined) this.#frame(whole, 0, new Source(whole), whole.length);
    return this.isDead ? chunk.length : taken;
  }

  #frame(bytes: Uint8Array, at: number, source: Source, end: number): void {
    const type = bytes[at + 3]!;
    const flag = bytes[at + 4]!;
    const id = ((bytes[at + 5]! << 24) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 8) | bytes[at + 8]!) >>> 0;
    source.at = at + headerBytes;
    if (this.peer === undefined && type !== frames.settings && type !== frames.goAway)
      throw new MuxViolation(codes.protocol, 'the first frame is not the settings');
    switch (type) {
      case frames.call:
        this.onCall(id, flag, source, end);
        return;
      case frames.answer:
        this.onAnswer(id, flag, source, end);
        return;
      case frames.data:
        this.#onData(id, flag, source, end);
        return;
      case frames.window:
        this.#onWindow(id, numberAt(source, end));
        return;
      case frames.reset:
        this.#onReset(id, numberAt(source, end));
        return;
      case frames.metadata:
        this.onMetadata(id, flag, source, end);
        return;
      default:
        if (id !== 0 && type <= frames.method) throw new MuxViolation(codes.protocol, `frame ${type} on stream ${id}`);
        this.#onConnectionFrame(type, flag, source, end);
    }
  }

  #onConnectionFrame(type: number, flag: number, source: Source, end: number): void {
    switch (type) {
      case frames.settings:
        this.#onSettings(source.bytes.subarray(source.at, end));
        return;
      case frames.ping:
        this.#onPing(flag, source, end);
        return;
      case frames.goAway:
        this.#onGoAway(flag, source, end);
        return;
      case frames.method:
        this.onMethod(source, end);
        return;
      default:
        // Of a later version: it carries nothing that this one must know.
        this.flood.spend(1, this.now);
    }
  }

  #onData(id: number, flag: number, source: Source, end: number): void {
    const stream = this.known(id);
    if (stream !== undefined && !this.mayStillSend(stream))
      throw new MuxViolation(codes.protocol, `data on stream ${id} after its end`);
    const hasMessage = (flag & flags.message) !== 0;
    const isMore = (flag & flags.more) !== 0;
    const isLast = (flag & flags.end) !== 0 && !isMore;
    if (end === source.at && !isLast && (isMore || !hasMessage)) this.flood.spend(1, this.now);
    if (!hasMessage && end > source.at) throw new MuxViolation(codes.protocol, 'data without a message');
    if (stream !== undefined && isLast) stream.hasEnded = true;
    if (hasMessage) this.piece(stream, flag, source, end);
    if (stream?.isOpen !== true || !isLast) return;
    if (stream.partial !== undefined) throw new MuxViolation(codes.protocol, `stream ${id} ends within a message`);
    this.onEnd(stream);
  }

  #onWindow(id: number, size: number): void {
    if (size === 0) throw new MuxViolation(codes.flowControl, 'a window that grows by nothing');
    if (id === 0) {
      this.#sendWindow += size;
      if (this.#sendWindow > maxWindow) throw overrun('the window of the connection');
    } else {
      const stream = this.known(id);
      if (stream === undefined) return;
      stream.sendWindow += size;
      if (stream.sendWindow > maxWindow) throw overrun(`the window of stream ${id}`);
      if (stream.pending !== undefined) this.#ring.add(stream);
    }
    this.pump();
  }

  #onReset(id: number, code: number): void {
    const stream = this.known(id);
    if (stream === undefined || !this.flood.isSettled(id)) this.flood.spend(1, this.now);
    if (stream === undefined) return;
    this.close(stream);
    stream.onReset(code);
  }

  #onSettings(payload: Uint8Array): void {
    if (this.peer !== undefined) throw new MuxViolation(codes.protocol, 'settings for a second time');
    const peer = decodeSettings(payload);
    this.agree(peer);
    this.peer = peer;
    this.#sendWindow = peer.connectionWindow;
    this.hooks.onSettings(peer);
  }

  #onPing(flag: number, source: Source, end: number): void {
    if (end - source.at !== pingPayload.length) throw new MuxViolation(codes.protocol, 'a ping that has not 8 bytes');
    this.flood.spend(1, this.now);
    if ((flag & flags.ack) !== 0) {
      if (source.bytes[source.at] === measuringPing[0]) this.#growth.answered(this.now);
      this.hooks.onPong();
      return;
    }
    this.#controls++;
    this.out.frame(frames.ping, flags.ack, 0, source.bytes, source.at, end);
    this.output();
  }

  #onGoAway(flag: number, source: Source, end: number): void {
    this.flood.spend(1, this.now);
    if ((flag & flags.ack) !== 0) {
      this.hooks.onGoAwayAck();
      return;
    }
    if (end - source.at < 4) throw new MuxViolation(codes.protocol, 'a go-away without a code');
    const reason = source
      .asBuffer()
      .toString('utf8', source.at + 4, Math.min(end, source.at + 4 + 4 * maxReasonLength));
    const code = source.asBuffer().readUInt32BE(source.at);
    this.#controls++;
    this.out.frame(frames.goAway, flags.ack, 0, nothing);
    this.output();
    this.hooks.onGoAway(code, reason);
  }

  /** A piece of a message that comes in several. */
  #assemble(stream: MuxStream, flag: number, source: Source, end: number, cost: number): void {
    const length = stream.partialLength + end - source.at;
    if (length > this.own.maxMessageBytes) {
      this.#tooLarge(stream, cost);
      return;
    }
    let partial = stream.partial;
    if (partial === undefined || partial.length < length) {
      partial = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * length, this.own.maxMessageBytes)));
      if (stream.partial !== undefined) partial.set(stream.partial.subarray(0, stream.partialLength));
      stream.partial = partial;
    }
    partial.set(source.bytes.subarray(source.at, end), stream.partialLength);
    stream.partialLength = length;
    if ((flag & flags.more) !== 0) {
      // Only what must wait behind other messages waits for their reader: else a message larger than the window never came.
      if (stream.hasUnread) stream.partialUnread += cost;
      else this.consumed(stream, cost);
      return;
    }
    const unread = stream.partialUnread + cost;
    stream.partial = undefined;
    stream.partialLength = 0;
    stream.partialUnread = 0;
    stream.onMessage(new Source(partial), length, (flag & flags.compressed) !== 0, unread);
  }

  #tooLarge(stream: MuxStream, cost: number): void {
    this.consumed(stream, cost);
    stream.onTooLarge();
  }

  #sendPiece(stream: MuxStream, message: Uint8Array): void {
    const start = stream.pendingAt;
    const left = message.length - start;
    // Its own window is used up: when the other side opens it, it comes back into the ring.
    if (stream.sendWindow < minCost) return;
    const size = Math.min(left, pieceBytes, stream.sendWindow, this.#sendWindow);
    this.spend(stream, size);
    const { pendingType, pendingFlags } = stream;
    const compressed = pendingFlags & flags.compressed;
    if (size < left) {
      this.out.frame(frames.data, flags.message | flags.more | compressed, stream.id, message, start, start + size);
      stream.pendingAt = start + size;
      this.#ring.add(stream);
    } else {
      this.out.frame(pendingType, flags.message | pendingFlags, stream.id, message, start, start + size);
      stream.pending = undefined;
      this.sent(stream, pendingType, pendingFlags);
      stream.onWritable();
    }
    this.output();
  }

  #credit(stream: MuxStream, more: number): void {
    const size = stream.uncredited + more;
    this.#growth.given(stream, stream.uncredited);
    stream.receiveWindow += size;
    stream.uncredited = 0;
    this.#window(stream.id, size);
    if (this.#growth.asks(stream, this.hooks.now())) this.ping(measuringPing);
  }

  #consumedOnConnection(cost: number): void {
    this.#uncredited += cost;
    // Early: what slow readers hold must not keep the others waiting for what has been read.
    if (this.#uncredited < Math.min(this.own.connectionWindow >>> 1, maxPayloadBytes)) return;
    this.#window(0, this.#uncredited);
    this.#receiveWindow += this.#uncredited;
    this.#uncredited = 0;
  }

  #window(id: number, size: number): void {
    this.#control(frames.window, 0, id, size);
  }

  #control(type: number, flag: number, id: number, value: number): void {
    this.#controls++;
    this.out.frameOf32(type, flag, id, value);
    this.output();
  }
}

const maxReasonLength = 200;
const pingPayload = new Uint8Array(8);
const measuringPing = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
const nothing = new Uint8Array(0);
