import type { CallFields } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { Sink } from '../codec/sink.ts';
import type { Source } from '../codec/source.ts';
import { RpcErrors } from '../rpc-errors.ts';
import { putTimeLeft, writeHead } from './call-head.ts';
import { MuxEngine } from './engine.ts';
import type { EngineHooks } from './engine-hooks.ts';
import { MuxStream } from './mux-stream.ts';
import { codes, flags, frames, MuxViolation, maxPayloadBytes, maxStreamId, preface } from './protocol.ts';
import { SendRing } from './send-ring.ts';
import { encodeSettings, type MuxSettings } from './settings.ts';
import type { GrowthLimits } from './window-growth.ts';

/** A call as its caller's side has it. */
export abstract class ClientStream extends MuxStream {
  /** The call is over, after the messages that came before: `status` is that of an error, as google.rpc.Status. Closed. */
  abstract onAnswer(status: Uint8Array | undefined, isUnsent: boolean): void;
  /** Headers or trailers of the answer: the bytes from `source.at` to `end`, valid until it returns. Must not throw. */
  abstract onMetadata(isTrailers: boolean, source: Source, end: number): void;
  /** What is left of its time, in milliseconds; 0: it has no deadline. */
  abstract timeLeftMs(): number;
}

/** The end of a connection that calls. */
export class ClientEngine extends MuxEngine {
  /** The methods that the server knows by their number. */
  readonly #defined: boolean[] = [];
  /** Calls of which nothing was sent, for the socket takes no more: without an id, in the order in which they came. */
  readonly #waiting = new SendRing();

  constructor(own: MuxSettings, hooks: EngineHooks, sink = new Sink(), growth?: GrowthLimits) {
    super(own, hooks, sink, growth);
    this.out.raw(preface);
    this.out.frame(frames.settings, 0, 0, encodeSettings(own));
  }

  /** It has few ids left: enough for calls that are booked. */
  get isUsedUp(): boolean {
    return this.lastId >= maxStreamId - reservedIds;
  }

  /**
   * Begins a call. What is in the sink is its first message, if `flag` says that there is one. `method` is a number of the
   * caller's for `path`. `timeoutMs` 0: no deadline. False: the message goes as there is room, see `send`, or all of the call
   * does, while the socket takes no more: one that is reset before its turn leaves nothing behind. Throws MESSAGE_TOO_LARGE for
   * fields of more bytes than the server takes; then nothing has begun.
   */
  call(
    stream: ClientStream,
    method: number,
    path: string,
    timeoutMs: number,
    fields: CallFields,
    flag: number,
  ): boolean {
    const { sink } = this;
    const messageAt = sink.at - sink.bytes.length;
    writeHead(sink, method, timeoutMs, fields);
    const { bytes, at } = sink;
    const message = bytes.length + messageAt;
    // A head does not go on in another frame.
    const maxHeadBytes = Math.min(this.peer!.maxHeadBytes, maxPayloadBytes);
    if (message - at > maxHeadBytes)
      throw RpcErrors.MESSAGE_TOO_LARGE(
        `the fields of a call have ${message - at} bytes; the node takes ${maxHeadBytes}`,
      );
    if (this.#defined[method] !== true) this.#define(method, path);
    if (this.isCongested) {
      this.#wait(stream, message - at, flag);
      return false;
    }
    this.open(stream, this.lastId + 1);
    stream.hasEnded = (flag & flags.end) !== 0;
    if ((flag & flags.message) === 0 || (bytes.length - at <= maxPayloadBytes && this.hasRoom(stream, -messageAt))) {
      if ((flag & flags.message) !== 0) this.spend(stream, -messageAt);
      this.out.frameOf(frames.call, flag, stream.id, sink);
      this.output();
      return true;
    }
    this.out.frame(frames.call, 0, stream.id, bytes, at, message);
    this.output();
    this.queue(stream, Buffer.from(bytes.subarray(message)), frames.data, flag & ~flags.message);
    return false;
  }

  /** Calls of which nothing was sent are told that they are lost; the others go on. */
  giveBack(error: StatusError): void {
    while (!this.#waiting.isEmpty) {
      const stream = this.#waiting.take();
      this.close(stream);
      stream.onLost(error);
    }
  }

  override lost(error: StatusError): void {
    super.lost(error);
    this.giveBack(error);
  }

  /** The stream sends no more messages. */
  end(stream: ClientStream): void {
    if (!stream.isOpen || stream.hasEnded) return;
    stream.hasEnded = true;
    this.out.frame(frames.data, flags.end, stream.id, nothing);
    this.output();
  }

  protected override close(stream: MuxStream): void {
    if (stream.id === 0) this.#waiting.remove(stream);
    super.close(stream);
  }

  protected override sendWaiting(): void {
    while (!this.#waiting.isEmpty && !this.isCongested) this.#begin(this.#waiting.take() as ClientStream);
  }

  protected override onCall(): void {
    throw new MuxViolation(codes.protocol, 'the server calls');
  }

  protected override onMethod(): void {
    throw new MuxViolation(codes.protocol, 'the server names methods');
  }

  protected override onAnswer(id: number, flag: number, source: Source, end: number): void {
    const stream = this.known(id) as ClientStream | undefined;
    if ((flag & flags.error) !== 0) {
      if (source.at >= end) throw new MuxViolation(codes.protocol, 'an error without marks');
      if (stream === undefined) return;
      const isUnsent = (source.bytes[source.at]! & 1) !== 0;
      this.close(stream);
      stream.onAnswer(source.bytes.subarray(source.at + 1, end), isUnsent);
      return;
    }
    if ((flag & flags.message) !== 0) this.piece(stream, flag & ~flags.more, source, end);
    if (stream?.isOpen !== true) return;
    if (stream.partial !== undefined) throw new MuxViolation(codes.protocol, `stream ${id} ends within a message`);
    this.close(stream);
    stream.onAnswer(undefined, false);
  }

  /** Of a stream that is open: headers and trailers once each, in this order. What is between them is not looked at. */
  protected override onMetadata(id: number, flag: number, source: Source, end: number): void {
    const stream = this.known(id) as ClientStream | undefined;
    if (stream === undefined) return;
    const stage = (flag & flags.trailers) === 0 ? 1 : 2;
    if (stage <= stream.stage) throw new MuxViolation(codes.protocol, `metadata of stream ${id} for a second time`);
    stream.stage = stage;
    stream.onMetadata(stage === 2, source, end);
  }

  protected override onEnd(stream: MuxStream): void {
    throw new MuxViolation(codes.protocol, `the server ends stream ${stream.id} without an answer`);
  }

  protected override mayStillSend(): boolean {
    return true;
  }

  protected override sent(stream: MuxStream, _type: number, flag: number): void {
    if ((flag & flags.end) !== 0) stream.hasEnded = true;
  }

  protected override agree({ lowestVersion, highestVersion }: MuxSettings): void {
    const { own } = this;
    if (lowestVersion === highestVersion && lowestVersion >= own.lowestVersion && highestVersion <= own.highestVersion)
      return;
    throw new MuxViolation(codes.version, `the server has chosen version ${highestVersion}`);
  }

  /** Keeps what is in the sink until there is room for it: a head of `headBytes`, and perhaps a message. */
  #wait(stream: ClientStream, headBytes: number, flag: number): void {
    stream.isOpen = true;
    stream.pending = this.sink.finish();
    stream.pendingAt = headBytes;
    stream.pendingFlags = flag;
    this.#waiting.add(stream);
  }

  /** Sends a call that has waited. */
  #begin(stream: ClientStream): void {
    const { pending, pendingAt, pendingFlags: flag } = stream;
    const bytes = pending!;
    const size = bytes.length - pendingAt;
    stream.pending = undefined;
    putTimeLeft(bytes, stream.timeLeftMs());
    this.open(stream, this.lastId + 1);
    stream.hasEnded = (flag & flags.end) !== 0;
    const hasMessage = (flag & flags.message) !== 0;
    if (!hasMessage || (bytes.length <= maxPayloadBytes && this.hasRoom(stream, size))) {
      if (hasMessage) this.spend(stream, size);
      this.out.frame(frames.call, flag, stream.id, bytes);
      stream.onWritable();
    } else {
      this.out.frame(frames.call, 0, stream.id, bytes, 0, pendingAt);
      this.queue(stream, bytes.subarray(pendingAt), frames.data, flag & ~flags.message);
    }
    this.output();
  }

  #define(method: number, path: string): void {
    this.#defined[method] = true;
    const text = Buffer.from(path);
    const payload = Buffer.alloc(2 + text.length);
    payload.writeUInt16BE(method);
    text.copy(payload, 2);
    this.out.frame(frames.method, 0, 0, payload);
    this.output();
  }
}

const nothing = new Uint8Array(0);
const reservedIds = 1_000_000;
