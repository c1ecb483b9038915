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

  constructor() {
    this.#take(firstBytes);
    this.at = firstBytes;
  }

  /** Forgets what was written. */
  reset(): void {
    if (this.bytes.length > maxKeptBytes) this.#take(firstBytes);
    this.at = this.bytes.length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    const { bytes, at } = this;
    const length = bytes.length - at;
    if (length <= 32) {
      // In the heap, and without a call.
      const copy = new Uint8Array(length);
      for (let i = 0; i < length; i++) copy[i] = bytes[at + i]!;
      return copy;
    }
    const copy = Buffer.allocUnsafe(length);
    bytes.copy(copy, 0, at);
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
    const { bytes, at } = this;
    const used = bytes.length - at;
    this.#take(Math.max(2 * bytes.length, used + size));
    this.at = this.bytes.length - used;
    this.bytes.set(bytes.subarray(at), this.at);
  }

  #take(size: number): void {
    const buffer = new ArrayBuffer(size);
    this.bytes = Buffer.from(buffer);
    this.view = new DataView(buffer);
  }
}
