import { isUtf8 } from 'node:buffer';
import { asciiText } from './short-text.ts';

/** Longer strings are read by the platform. */
const maxShortLength = 24;
const two32 = 2 ** 32;

/** Reads the bytes of one message. Methods read at `at` and move it; all throw a RangeError at the end of the bytes. */
export class Source {
  declare readonly bytes: Uint8Array;
  declare at: number;
  declare private buffer: Buffer | undefined;
  declare private view: DataView | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.buffer = undefined;
    this.view = undefined;
  }

  /** The low 32 bits of a varint of at most ten bytes, unsigned. */
  varint32(): number {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at++]!;
    if (byte < 0x80) {
      this.at = at;
      return byte;
    }
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
    }
    byte = bytes[at++]!;
    value |= (byte & 0x0f) << 28;
    // Of a negative int32, sign-extended to 64 bits, the rest says nothing.
    for (let rest = 0; byte >= 0x80 && rest < 5; rest++) byte = bytes[at++]!;
    this.at = at;
    if (byte < 0x80) return value >>> 0;
    throw this.#broken(byte === undefined ? 'it ends within a number' : 'a number is longer than ten bytes');
  }

  /** A tag. Throws for field number 0 and wire types that there are not. */
  tag(): number {
    const start = this.at;
    const tag = this.varint32();
    const size = this.at - start;
    if (size > 5 || (size === 5 && this.bytes[this.at - 1]! > 0x0f)) throw this.#broken('a tag is above 32 bits');
    if (tag >>> 3 === 0 || (tag & 7) > 5) {
      throw this.#broken(`a tag of field ${tag >>> 3} and wire type ${tag & 7}`);
    }
    return tag;
  }

  /** The end of a part whose length is next. */
  end(limit: number): number {
    const length = this.varint32();
    const end = this.at + length;
    if (end > limit) throw this.#broken(`a part of ${length} bytes, where ${limit - this.at} are left`);
    return end;
  }

  int32(): number {
    return this.varint32() | 0;
  }

  sint32(): number {
    const value = this.varint32();
    return (value >>> 1) ^ -(value & 1);
  }

  bool(): boolean {
    return this.uint64() !== 0n;
  }

  uint64(): bigint {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at]!;
    if (byte < 0x80) {
      this.at = at + 1;
      return BigInt(byte);
    }
    let low = 0;
    let high = 0;
    // Four bytes for the low 28 bits, one over both halves, five for the rest.
    for (let i = 0; i < 10; i++) {
      byte = bytes[at++]!;
      if (byte === undefined) break;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        this.at = at;
        return joined(low, high);
      }
    }
    throw this.#broken(byte === undefined ? 'it ends within a number' : 'a number is longer than ten bytes');
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  sint64(): bigint {
    const value = this.uint64();
    return (value >> 1n) ^ -(value & 1n);
  }

  fixed32(): number {
    return this.#fixed(4).getUint32(this.at - 4, true);
  }

  sfixed32(): number {
    return this.#fixed(4).getInt32(this.at - 4, true);
  }

  fixed64(): bigint {
    return this.#fixed(8).getBigUint64(this.at - 8, true);
  }

  sfixed64(): bigint {
    return this.#fixed(8).getBigInt64(this.at - 8, true);
  }

  float(): number {
    return this.#fixed(4).getFloat32(this.at - 4, true);
  }

  double(): number {
    return this.#fixed(8).getFloat64(this.at - 8, true);
  }

  /** `isStrict`: throws for what is no UTF-8, instead of putting U+FFFD in its place. */
  string(limit: number, isStrict: boolean): string {
    const end = this.end(limit);
    const { bytes, at } = this;
    this.at = end;
    const length = end - at;
    if (length <= maxShortLength) {
      const short = asciiText(bytes, at, end);
      if (short !== undefined) return short;
    }
    const text = this.asBuffer().toString('utf8', at, end);
    if (isStrict && text.includes('\ufffd') && !isUtf8(bytes.subarray(at, end)))
      throw this.#broken('a string that is not UTF-8');
    return text;
  }

  /** All of the bytes. */
  asBuffer(): Buffer {
    const { bytes } = this;
    this.buffer ??= bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.buffer;
  }

  /** Shares the memory of the message. */
  lengthDelimited(limit: number): Uint8Array {
    const end = this.end(limit);
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  /** Passes over a field whose tag was read, and gives its bytes, with the length of a part but without the tag. */
  skip(tag: number, limit: number, depth: number): Uint8Array {
    const start = this.at;
    this.#pass(tag, limit, depth);
    return this.bytes.subarray(start, this.at);
  }

  /** What a loop over fields that ended somewhere else than at its end throws. */
  overrun(): RangeError {
    return this.#broken('it ends within a field');
  }

  #pass(tag: number, limit: number, depth: number): void {
    switch (tag & 7) {
      case 0:
        this.varint32();
        break;
      case 1:
        this.at += 8;
        break;
      case 2:
        this.at = this.end(limit);
        break;
      case 3:
        this.#passGroup(tag >>> 3, limit, depth);
        break;
      case 5:
        this.at += 4;
        break;
      default:
        throw this.#broken('a group ends that has not begun');
    }
    if (this.at > limit) throw this.overrun();
  }

  #passGroup(field: number, limit: number, depth: number): void {
    if (depth <= 0) throw this.#broken('groups within groups, too deep');
    for (;;) {
      if (this.at >= limit) throw this.overrun();
      const tag = this.tag();
      if ((tag & 7) !== 4) this.#pass(tag, limit, depth - 1);
      else if (tag >>> 3 === field) return;
      else throw this.#broken(`group ${field} is ended as ${tag >>> 3}`);
    }
  }

  #fixed(size: number): DataView {
    this.at += size;
    if (this.at > this.bytes.length) throw this.overrun();
    this.view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.view;
  }

  #broken(what: string): RangeError {
    return new RangeError(`not a message at byte ${this.at}: ${what}`);
  }
}

function joined(low: number, high: number): bigint {
  // Below 2^53 one conversion is enough, and most numbers are.
  if (high >>> 21 === 0) return BigInt((high >>> 0) * two32 + (low >>> 0));
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
