import { maxShortBytes, maxShortLength, putText } from './put-text.ts';
import { putInt32, putSint64, putVarint32 } from './put-varint.ts';

/** Fields of a fixed size are at most this long with their tag: 5 bytes for the tag, 10 for a varint. */
export const maxFixedBytes = 15;

const firstBytes = 1024;
/** A buffer that grew beyond this for one message is not kept for the next. */
const maxKeptBytes = 256 * 1024;
/** What `Buffer.write` calls in the end. */
type FastBuffer = Buffer & Record<'latin1Write' | 'utf8Write', (value: string, at: number, size: number) => number>;

/**
 * Takes the bytes of a message from its end to its beginning: when the length of a part is to be written, the part is
 * there already, so nothing is measured twice and nothing moved. Every method puts its bytes *before* those that are there.
 *
 * `reserve` is what the caller will write without asking for room again.
 */
export class Sink {
  declare bytes: Buffer;
  declare view: DataView;
  /** Where the last written byte stands; what is free is before it. */
  declare at: number;
  /** Where what is written ends: at the end of `bytes`, or at the beginning of what was cut off. */
  declare end: number;
  readonly #leastBytes: number;
  declare private buffer: ArrayBuffer;

  /** `leastBytes`: the size of its buffer, as long as nothing larger is written. */
  constructor(leastBytes = firstBytes) {
    this.#leastBytes = leastBytes;
    this.#take(leastBytes);
  }

  /** Forgets what was written. */
  reset(): void {
    if (this.bytes.length > maxKeptBytes) this.#take(this.#leastBytes);
    this.end = this.bytes.length;
    this.at = this.end;
  }

  /**
   * What was written, without a copy: what is written next comes before it. So the messages of a time share one buffer of
   * `leastBytes`, which lives as long as any of them; larger ones have their own.
   */
  cut(): Uint8Array {
    const { at, end } = this;
    const message = new Uint8Array(this.buffer, at, end - at);
    this.end = at;
    if (this.bytes.length > this.#leastBytes) return this.#cutLarge(message);
    return message;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    const { bytes, at, end } = this;
    const length = end - at;
    if (length <= 32) {
      // In the heap, and without a call.
      const copy = new Uint8Array(length);
      for (let i = 0; i < length; i++) copy[i] = bytes[at + i]!;
      return copy;
    }
    const copy = Buffer.allocUnsafe(length);
    bytes.copy(copy, 0, at, end);
    return copy;
  }

  /** Makes room. */
  ensure(size: number): void {
    if (this.at < size) this.#grow(size);
  }

  /** A tag, or the length of what was written since `end`. Needs 5 bytes of room. */
  varint32(value: number): void {
    this.at = putVarint32(this.bytes, this.at, value);
  }

  int32(value: number): void {
    this.at = putInt32(this.bytes, this.at, value);
  }

  sint32(value: number): void {
    this.varint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  sint64(value: bigint): void {
    this.at = putSint64(this.bytes, this.at, value);
  }

  fixed32(value: number): void {
    this.at -= 4;
    this.view.setUint32(this.at, value, true);
  }

  fixed64(value: bigint): void {
    this.at -= 8;
    this.view.setBigUint64(this.at, value, true);
  }

  float(value: number): void {
    this.at -= 4;
    this.view.setFloat32(this.at, value, true);
  }

  double(value: number): void {
    this.at -= 8;
    this.view.setFloat64(this.at, value, true);
  }

  /** With its length. */
  string(value: string, reserve: number): void {
    const { length } = value;
    if (length <= maxShortLength) {
      this.ensure(maxShortBytes + reserve);
      const end = this.at;
      const at = putText(this.bytes, end, value) - 1;
      this.bytes[at] = end - at - 1;
      this.at = at;
      return;
    }
    const size = Buffer.byteLength(value);
    this.ensure(size + 5 + reserve);
    this.at -= size;
    const bytes = this.bytes as FastBuffer;
    if (size === length) bytes.latin1Write(value, this.at, size);
    else bytes.utf8Write(value, this.at, size);
    this.varint32(size);
  }

  /** With their length. */
  lengthDelimited(value: Uint8Array, reserve: number): void {
    this.raw(value, reserve);
    this.varint32(value.length);
  }

  raw(value: Uint8Array, reserve: number): void {
    this.ensure(value.length + 5 + reserve);
    this.at -= value.length;
    this.bytes.set(value, this.at);
  }

  #grow(size: number): void {
    const { bytes, at, end } = this;
    const used = end - at;
    const wanted = used + size;
    this.#take(Math.max(2 * wanted, this.#leastBytes));
    this.at = this.end - used;
    this.bytes.set(bytes.subarray(at, end), this.at);
  }

  #cutLarge(message: Uint8Array): Uint8Array {
    const isMost = 4 * message.length > this.bytes.length;
    this.#take(this.#leastBytes);
    return isMost ? message : message.slice();
  }

  #take(size: number): void {
    this.buffer = new ArrayBuffer(size);
    this.bytes = Buffer.from(this.buffer);
    this.view = new DataView(this.buffer);
    this.end = size;
    this.at = size;
  }
}
