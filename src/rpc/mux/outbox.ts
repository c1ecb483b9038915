import type { Sink } from '../codec/sink.ts';
import { headerBytes } from './protocol.ts';

const firstBytes = 4 * 1024;
/** A buffer that grew beyond this is not kept. */
const maxKeptBytes = 64 * 1024;

/** What waits to be written to the socket: frames, one after the other, in one buffer that is used again. */
export class Outbox {
  declare bytes: Buffer;
  declare length: number;

  constructor() {
    this.bytes = none;
    this.length = 0;
  }

  /** All that waits. Valid until `release`; nothing must be added before. */
  peek(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Forgets what was peeked at; `isFree`: nobody reads it any more, so that its memory may be used again. */
  release(isFree: boolean): void {
    this.length = 0;
    if (!isFree || this.bytes.length > maxKeptBytes) this.bytes = none;
  }

  /** A frame whose payload is in the sink. */
  frameOf(type: number, flags: number, stream: number, sink: Sink): void {
    const from = sink.bytes;
    const start = sink.at;
    const size = from.length - start;
    const at = this.header(type, flags, stream, size);
    const { bytes } = this;
    if (size <= maxLoopBytes) for (let i = 0; i < size; i++) bytes[at + i] = from[start + i]!;
    else from.copy(bytes, at, start, from.length);
  }

  /** A frame with these bytes, of `payload` those from `start` to `end`. */
  frame(type: number, flags: number, stream: number, payload: Uint8Array, start = 0, end = payload.length): void {
    const at = this.header(type, flags, stream, end - start);
    this.bytes.set(start === 0 && end === payload.length ? payload : payload.subarray(start, end), at);
  }

  /** A frame with one number of 32 bits. */
  frameOf32(type: number, flags: number, stream: number, value: number): void {
    const at = this.header(type, flags, stream, 4);
    this.bytes.writeUInt32BE(value, at);
  }

  /** Bytes that are no frame. */
  raw(payload: Uint8Array): void {
    const at = this.#grow(payload.length);
    this.bytes.set(payload, at);
  }

  /** The header of a frame, with room for what follows, whose place it answers. */
  private header(type: number, flags: number, stream: number, size: number): number {
    let at = this.length;
    if (this.bytes.length - at < headerBytes + size) this.#grow(headerBytes + size);
    else this.length = at + headerBytes + size;
    const { bytes } = this;
    bytes[at++] = size >>> 16;
    bytes[at++] = size >>> 8;
    bytes[at++] = size;
    bytes[at++] = type;
    bytes[at++] = flags;
    bytes[at++] = stream >>> 24;
    bytes[at++] = stream >>> 16;
    bytes[at++] = stream >>> 8;
    bytes[at++] = stream;
    return at;
  }

  /** Takes room, and answers where it begins. */
  #grow(size: number): number {
    const at = this.length;
    const length = at + size;
    if (length > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(firstBytes, length, 2 * this.bytes.length));
      this.bytes.copy(grown, 0, 0, at);
      this.bytes = grown;
    }
    this.length = length;
    return at;
  }
}

/** An idle connection has no buffer. */
const none = Buffer.alloc(0);
/** Below it a loop is faster than a call of the platform. */
const maxLoopBytes = 48;
