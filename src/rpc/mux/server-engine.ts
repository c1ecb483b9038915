import { Sink } from '../codec/sink.ts';
import type { Source } from '../codec/source.ts';
import { CallHeadReader } from './call-head.ts';
import { MuxEngine } from './engine.ts';
import type { EngineHooks } from './engine-hooks.ts';
import { encodePairs } from './metadata-frame.ts';
import { MuxStream } from './mux-stream.ts';
import { codes, flags, frames, MuxViolation, maxStreamId, preface } from './protocol.ts';
import { encodeSettings, type MuxSettings } from './settings.ts';
import type { GrowthLimits } from './window-growth.ts';

/** A call as the server's side has it. */
export abstract class ServerStream extends MuxStream {
  /** The call has begun; its first message, if it came along, has `sizeBytes` (undefined: unknown) and is told next. */
  abstract onBegin(head: CallHeadReader, sizeBytes: number | undefined): void;
  /** The caller sends no more. */
  abstract onEnd(): void;
}

export interface ServerEngineHooks<M> extends EngineHooks {
  /** The method of this path, by which `onCall` shall know it. */
  onMethod(path: string): M;
  /** A stream for a call of this method. */
  onCall(method: M): ServerStream;
}

/** Numbers of methods that a connection may give. */
const maxMethods = 4_096;
const maxPathBytes = 1_024;

/** The end of a connection that is called. `M`: what the shell knows a method by. */
export class ServerEngine<M> extends MuxEngine {
  declare protected readonly hooks: ServerEngineHooks<M>;
  readonly #methods: (M | undefined)[] = [];
  readonly #head = new CallHeadReader();
  #prefaceLength = 0;
  #mayCall = true;

  constructor(own: MuxSettings, hooks: ServerEngineHooks<M>, sink = new Sink(), growth?: GrowthLimits) {
    super(own, hooks, sink, growth);
  }

  override receive(chunk: Uint8Array, now: number): void {
    let at = 0;
    while (this.#prefaceLength < preface.length && at < chunk.length) {
      if (chunk[at++] !== preface[this.#prefaceLength++])
        throw new MuxViolation(codes.protocol, 'the first bytes are not the preface');
    }
    if (at < chunk.length) super.receive(at === 0 ? chunk : chunk.subarray(at), now);
  }

  /** The client has said that it begins no more calls: one that comes all the same ends the connection. */
  refuseCalls(): void {
    this.#mayCall = false;
  }

  /**
   * Tells headers, before the first message, or trailers, after the last one: once each. Names and values in turn; at most 8 KiB.
   * Clients that do not know of metadata are told nothing.
   */
  metadata(stream: ServerStream, isTrailers: boolean, pairs: readonly string[]): void {
    if (!stream.isOpen || this.peer?.metadata !== true) return;
    this.out.frame(frames.metadata, isTrailers ? flags.trailers : 0, stream.id, encodePairs(pairs));
    this.output();
  }

  /** Answers with success, without a message. */
  answer(stream: ServerStream): void {
    if (!stream.isOpen) return;
    this.out.frame(frames.answer, 0, stream.id, nothing);
    this.#answered(stream);
    this.output();
  }

  /** Answers with an error, which drops a message that waits. `isUnsent`: nothing of the call was done. */
  answerError(stream: ServerStream, status: Uint8Array, isUnsent: boolean): void {
    if (!stream.isOpen) return;
    const payload = Buffer.allocUnsafe(1 + status.length);
    payload[0] = isUnsent ? 1 : 0;
    payload.set(status, 1);
    this.out.frame(frames.answer, flags.error, stream.id, payload);
    this.#answered(stream);
    this.output();
  }

  protected override onCall(id: number, flag: number, source: Source, end: number): void {
    if (id <= this.lastId || id > maxStreamId) throw new MuxViolation(codes.protocol, `a call on stream ${id}`);
    if (!this.#mayCall) throw new MuxViolation(codes.protocol, 'a call after the client said that there are none');
    const head = this.#head;
    head.read(source, end, this.own.maxHeadBytes);
    const method = this.#methods[head.method];
    if (method === undefined)
      throw new MuxViolation(codes.protocol, `a call of method ${head.method}, which has no name`);
    const hasMessage = (flag & flags.message) !== 0;
    const isMore = (flag & flags.more) !== 0;
    if (!hasMessage && (source.at < end || isMore))
      throw new MuxViolation(codes.protocol, 'a call with bytes that are no message');
    if (this.streams.size >= this.own.maxStreams) {
      this.#refuse(id, flag, source, end);
      return;
    }
    const stream = this.hooks.onCall(method);
    this.open(stream, id);
    stream.hasEnded = (flag & flags.end) !== 0 && !isMore;
    stream.onBegin(head, hasMessage && !isMore ? end - source.at : undefined);
    if (hasMessage) this.piece(stream.isOpen ? stream : undefined, flag, source, end);
    if (stream.hasEnded && stream.isOpen) stream.onEnd();
  }

  protected override onMethod(source: Source, end: number): void {
    const { at } = source;
    if (end - at < 3 || end - at > 2 + maxPathBytes)
      throw new MuxViolation(codes.protocol, `a method's name of ${end - at - 2} bytes`);
    const bytes = source.asBuffer();
    const number = bytes.readUInt16BE(at);
    if (number >= maxMethods || this.#methods[number] !== undefined)
      throw new MuxViolation(codes.protocol, `the number ${number} for a method`);
    this.#methods[number] = this.hooks.onMethod(bytes.toString('utf8', at + 2, end));
  }

  protected override onAnswer(): void {
    throw new MuxViolation(codes.protocol, 'the client answers');
  }

  protected override onMetadata(): void {
    throw new MuxViolation(codes.protocol, 'the client sends metadata of an answer');
  }

  protected override onEnd(stream: MuxStream): void {
    (stream as ServerStream).onEnd();
  }

  protected override mayStillSend(stream: MuxStream): boolean {
    return !stream.hasEnded;
  }

  protected override sent(stream: MuxStream, type: number): void {
    if (type === frames.answer) this.#answered(stream);
  }

  protected override agree({ lowestVersion, highestVersion }: MuxSettings): void {
    const { own } = this;
    const chosen = Math.min(own.highestVersion, highestVersion);
    if (chosen < Math.max(own.lowestVersion, lowestVersion))
      throw new MuxViolation(
        codes.version,
        `this server speaks versions ${own.lowestVersion} to ${own.highestVersion}`,
      );
    const settings = { ...own, lowestVersion: chosen, highestVersion: chosen };
    this.out.frame(frames.settings, 0, 0, encodeSettings(settings));
    this.output();
  }

  #answered(stream: MuxStream): void {
    this.flood.earn();
    this.close(stream);
  }

  /** More than was allowed: it may be repeated, and costs its sender. */
  #refuse(id: number, flag: number, source: Source, end: number): void {
    this.flood.spend(10, this.now);
    this.lastId = id;
    if ((flag & flags.message) !== 0) this.piece(undefined, flag, source, end);
    this.out.frameOf32(frames.reset, 0, id, codes.refused);
    this.output();
  }
}

const nothing = new Uint8Array(0);
