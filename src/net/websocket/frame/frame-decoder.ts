import { isUtf8 } from 'node:buffer';
import { Assembly } from './assembly.ts';
import { CloseCode, isCloseCode } from './close-code.ts';
import { advanceKey, mask } from './mask.ts';
import { fin, maxControlBytes, Opcode, rsv1, rsv2And3 } from './opcode.ts';

/** What `next` found. */
export const FrameEvent = { more: 0, text: 1, binary: 2, ping: 3, pong: 4, close: 5, failure: 6 } as const;
export type FrameEvent = (typeof FrameEvent)[keyof typeof FrameEvent];

export interface DecoderOptions {
  /** Whose bytes come: a client's are masked, a server's are not (RFC 6455 section 5.1). */
  readonly fromClient: boolean;
  /** Of a whole message, also after it was inflated. */
  readonly maxMessageBytes: number;
  /** Frames of one message. */
  readonly maxFragments: number;
}

/** Inflates a whole message. */
export type Inflate = (payload: Uint8Array, maxBytes: number) => Uint8Array | 'too-large' | 'corrupt';

/**
 * The receiving half of RFC 6455: bytes in, messages and control frames out, pull style. It unmasks in place, since the
 * bytes are its own; a message that came in one piece is a view of them. Everything is refused at the first byte that
 * shows it, and after a failure or a Close nothing more is read.
 *
 * What `next` found stands in `text`, `bytes`, `code` and `reason` until it is called again.
 */
export class FrameDecoder {
  declare text: string;
  declare bytes: Uint8Array;
  declare code: number;
  declare reason: string;
  declare private readonly options: DecoderOptions;
  declare private readonly inflate: Inflate | undefined;
  declare private chunk: Buffer;
  declare private at: number;
  /** The frame whose payload is being read. */
  declare private inFrame: boolean;
  declare private opcode: number;
  declare private isFinal: boolean;
  declare private remaining: number;
  declare private key: number;
  /** The message whose frames are being read; continuation means none. */
  declare private kind: number;
  declare private isDeflated: boolean;
  declare private fragments: number;
  declare private assembly: Assembly | undefined;
  declare private isDone: boolean;

  constructor(options: DecoderOptions, inflate: Inflate | undefined) {
    this.text = '';
    this.bytes = none;
    this.code = 0;
    this.reason = '';
    this.options = options;
    this.inflate = inflate;
    this.chunk = none;
    this.at = 0;
    this.inFrame = false;
    this.opcode = 0;
    this.isFinal = false;
    this.remaining = 0;
    this.key = 0;
    this.kind = Opcode.continuation;
    this.isDeflated = false;
    this.fragments = 0;
    this.assembly = undefined;
    this.isDone = false;
  }

  /** Takes bytes over. They are changed, and messages may be views of them. */
  push(chunk: Uint8Array): void {
    if (this.isDone) return;
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.chunk = this.at < this.chunk.length ? Buffer.concat([this.chunk.subarray(this.at), bytes]) : bytes;
    this.at = 0;
  }

  /** The next event; `more` when the bytes are used up. */
  next(): FrameEvent {
    this.text = '';
    this.bytes = none;
    while (!this.isDone) {
      if (!this.inFrame) {
        const event = this.#head();
        if (event !== undefined) return event;
      }
      const event = this.opcode >= Opcode.close ? this.#control() : this.#data();
      if (event !== undefined) return event;
    }
    return FrameEvent.more;
  }

  /** Whether it holds nothing: it stands between two messages, and all bytes are used up. */
  get isIdle(): boolean {
    return this.chunk === none && !this.inFrame && this.kind === Opcode.continuation && !this.isDone;
  }

  /** Reads the head of a frame: undefined when it is complete and right. */
  #head(): FrameEvent | undefined {
    const { chunk, at } = this;
    const available = chunk.length - at;
    if (available === 0) return this.#more();
    const first = chunk[at]!;
    const wrong = this.#checkFirst(first);
    if (wrong !== undefined) return this.#fail(CloseCode.protocolError, wrong);
    if (available === 1) return this.#wait();
    const second = chunk[at + 1]!;
    const isMasked = second >= 0x80;
    if (isMasked !== this.options.fromClient)
      return this.#fail(CloseCode.protocolError, isMasked ? 'masked frame of a server' : 'unmasked frame of a client');
    let length = second & 0x7f;
    let size = 2;
    if (length > maxControlBytes) {
      if ((first & 0x0f) >= Opcode.close) return this.#fail(CloseCode.protocolError, 'control frame too long');
      size = length === 126 ? 4 : 10;
      if (available < size) return this.#wait();
      length = length === 126 ? chunk.readUInt16BE(at + 2) : readLength(chunk, at + 2);
      if (length <= (size === 4 ? maxControlBytes : 0xffff))
        return this.#fail(CloseCode.protocolError, 'length not in its shortest form');
    }
    const tooLarge = this.#checkSize(first, length);
    if (tooLarge !== undefined) return tooLarge;
    if (isMasked) {
      if (available < size + 4) return this.#wait();
      this.key = chunk.readInt32LE(at + size);
      size += 4;
    }
    this.#begin(first, length);
    this.at = at + size;
    return undefined;
  }

  /** What is wrong with the first byte of a frame. */
  #checkFirst(first: number): string | undefined {
    const opcode = first & 0x0f;
    if ((first & rsv2And3) !== 0) return 'reserved bit set';
    if ((first & rsv1) !== 0 && (this.inflate === undefined || (opcode !== Opcode.text && opcode !== Opcode.binary)))
      return 'reserved bit set';
    if (opcode >= Opcode.close) {
      if (opcode > Opcode.pong) return 'reserved opcode';
      return first < fin ? 'fragmented control frame' : undefined;
    }
    if (opcode > Opcode.binary) return 'reserved opcode';
    if (opcode === Opcode.continuation)
      return this.kind === Opcode.continuation ? 'continuation of no message' : undefined;
    return this.kind === Opcode.continuation ? undefined : 'message within a message';
  }

  #checkSize(first: number, length: number): FrameEvent | undefined {
    const opcode = first & 0x0f;
    if (opcode >= Opcode.close) return undefined;
    // 2^63 and above: the highest bit must be 0 (section 5.2).
    if (length >= 2 ** 63) return this.#fail(CloseCode.protocolError, 'length beyond 63 bits');
    const { maxMessageBytes, maxFragments } = this.options;
    const isDeflated = opcode === Opcode.continuation ? this.isDeflated : (first & rsv1) !== 0;
    const so = opcode === Opcode.continuation ? (this.assembly?.size ?? 0) : 0;
    // Deflate may make what cannot be compressed a little longer.
    const most = isDeflated ? maxMessageBytes + (maxMessageBytes >>> 8) + 64 : maxMessageBytes;
    if (so + length > most) return this.#tooLarge();
    if (opcode === Opcode.continuation && this.fragments >= maxFragments)
      return this.#fail(CloseCode.tooLarge, `message of more than ${maxFragments} frames`);
    return undefined;
  }

  #begin(first: number, length: number): void {
    const opcode = first & 0x0f;
    this.opcode = opcode;
    this.remaining = length;
    this.inFrame = true;
    if (opcode >= Opcode.close) return;
    this.isFinal = first >= fin;
    if (opcode === Opcode.continuation) {
      this.fragments++;
    } else {
      this.kind = opcode;
      this.isDeflated = (first & rsv1) !== 0;
      this.fragments = 1;
    }
  }

  #control(): FrameEvent {
    const { chunk, at, remaining } = this;
    const end = at + remaining;
    if (chunk.length < end) return this.#wait();
    if (this.options.fromClient) mask(chunk, at, end, this.key);
    this.at = end;
    this.inFrame = false;
    if (this.opcode === Opcode.close) return this.#close(chunk, at, end);
    this.bytes = chunk.subarray(at, end);
    return this.opcode === Opcode.ping ? FrameEvent.ping : FrameEvent.pong;
  }

  #close(chunk: Buffer, start: number, end: number): FrameEvent {
    if (end - start === 1) return this.#fail(CloseCode.protocolError, 'close code of one byte');
    const code = end === start ? CloseCode.noCode : chunk.readUInt16BE(start);
    if (end > start) {
      if (!isCloseCode(code)) return this.#fail(CloseCode.protocolError, `close code ${code}`);
      if (!isUtf8(chunk.subarray(start + 2, end)))
        return this.#fail(CloseCode.invalidPayload, 'close reason is not UTF-8');
    }
    this.code = code;
    this.reason = end === start ? '' : chunk.toString('utf8', start + 2, end);
    this.#finish();
    return FrameEvent.close;
  }

  /** Reads what there is of a data frame: undefined when it is complete and its message is not. */
  #data(): FrameEvent | undefined {
    const { chunk, at, remaining } = this;
    const end = Math.min(at + remaining, chunk.length);
    const isAscii = this.options.fromClient && mask(chunk, at, end, this.key);
    this.at = end;
    this.remaining = remaining - (end - at);
    const isFrameEnd = this.remaining === 0;
    if (isFrameEnd && this.isFinal && this.assembly === undefined) {
      this.inFrame = false;
      return this.#whole(chunk, at, end, isAscii);
    }
    if (!isFrameEnd) this.key = advanceKey(this.key, end - at);
    const bad = end > at ? this.#gather(chunk, at, end) : undefined;
    if (bad !== undefined) return bad;
    if (!isFrameEnd) return this.#more();
    this.inFrame = false;
    return this.isFinal ? this.#assembled() : undefined;
  }

  #gather(chunk: Buffer, start: number, end: number): FrameEvent | undefined {
    this.assembly ??= new Assembly(this.kind === Opcode.text && !this.isDeflated);
    const { assembly } = this;
    const most = this.isFinal ? assembly.size + end - start + this.remaining : Number.POSITIVE_INFINITY;
    return assembly.add(chunk, start, end, most) ? undefined : this.#notUtf8();
  }

  #assembled(): FrameEvent {
    const { assembly } = this;
    // Of a text, only whether it ends within a code point is left to see.
    if (assembly === undefined) return this.#whole(none, 0, 0, true);
    if (!assembly.isComplete) return this.#notUtf8();
    const bytes = assembly.bytes();
    if (this.isDeflated || this.kind === Opcode.binary) return this.#whole(bytes, 0, bytes.length, false);
    this.text = bytes.toString('utf8');
    this.#endMessage();
    return FrameEvent.text;
  }

  /** A message whose bytes are all there. */
  #whole(chunk: Buffer, start: number, end: number, isAscii: boolean): FrameEvent {
    if (this.isDeflated) return this.#inflated(chunk.subarray(start, end));
    const { kind } = this;
    this.#endMessage();
    if (kind === Opcode.binary) {
      this.bytes = chunk.subarray(start, end);
      return FrameEvent.binary;
    }
    if (isAscii) {
      this.text = chunk.toString('latin1', start, end);
    } else {
      if (!isUtf8(chunk.subarray(start, end))) return this.#notUtf8();
      this.text = chunk.toString('utf8', start, end);
    }
    return FrameEvent.text;
  }

  #inflated(payload: Uint8Array): FrameEvent {
    const bytes = this.inflate!(payload, this.options.maxMessageBytes);
    if (bytes === 'too-large') return this.#tooLarge();
    if (bytes === 'corrupt') return this.#fail(CloseCode.invalidPayload, 'not what deflate makes');
    const { kind } = this;
    this.#endMessage();
    if (kind === Opcode.binary) {
      this.bytes = bytes;
      return FrameEvent.binary;
    }
    if (!isUtf8(bytes)) return this.#notUtf8();
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    return FrameEvent.text;
  }

  #endMessage(): void {
    this.kind = Opcode.continuation;
    this.assembly = undefined;
  }

  #tooLarge(): FrameEvent {
    return this.#fail(CloseCode.tooLarge, `message of more than ${this.options.maxMessageBytes} bytes`);
  }

  #notUtf8(): FrameEvent {
    return this.#fail(CloseCode.invalidPayload, 'text is not UTF-8');
  }

  #fail(code: number, reason: string): FrameEvent {
    this.code = code;
    this.reason = reason;
    this.#finish();
    return FrameEvent.failure;
  }

  /** Nothing is kept of a chunk that is used up. */
  #more(): FrameEvent {
    this.chunk = none;
    this.at = 0;
    return FrameEvent.more;
  }

  /** Keeps the beginning of a head or of a control frame, and no large chunk because of it. */
  #wait(): FrameEvent {
    if (this.at > 0) this.chunk = Buffer.from(this.chunk.subarray(this.at));
    this.at = 0;
    return FrameEvent.more;
  }

  #finish(): void {
    this.isDone = true;
    this.chunk = none;
    this.at = 0;
    this.#endMessage();
  }
}

const none = Buffer.alloc(0);

/** A length of 8 bytes. From 2^53 on it is rounded, which changes nothing: it is too large. */
function readLength(chunk: Buffer, at: number): number {
  return chunk.readUInt32BE(at) * 2 ** 32 + chunk.readUInt32BE(at + 4);
}
