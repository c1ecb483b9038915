import { isUtf8 } from 'node:buffer';
import { asciiText, maxShortLength } from './short-text.ts';

/** Where the halves of a 64-bit number, or the bytes of a float, become a value: faster than arithmetic and than a view of the message. */
const halves = new Int32Array(2);
const asInt64 = new BigInt64Array(halves.buffer);
const asUint64 = new BigUint64Array(halves.buffer);
const asDouble = new Float64Array(halves.buffer);
const asFloat = new Float32Array(halves.buffer);
const [low, high] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** What `Buffer.prototype.toString` calls in the end; takes any array of bytes. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
};

/** Reads the bytes of one message. Methods read at `at` and move it; all throw a RangeError at the end of the bytes. */
export class Source {
  declare bytes: Uint8Array;
  declare at: number;
  declare private buffer: Buffer | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.buffer = undefined;
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
    if (end > limit) throw this.#tooLong(length, limit - this.at);
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
    this.#varint64();
    return (halves[0]! | halves[1]!) !== 0;
  }

  uint64(): bigint {
    this.#varint64();
    return asUint64[0]!;
  }

  int64(): bigint {
    this.#varint64();
    return asInt64[0]!;
  }

  sint64(): bigint {
    this.#varint64();
    const [first, second] = [halves[low]!, halves[high]!];
    const sign = -(first & 1);
    halves[low] = ((first >>> 1) | (second << 31)) ^ sign;
    halves[high] = (second >>> 1) ^ sign;
    return asInt64[0]!;
  }

  fixed32(): number {
    return this.sfixed32() >>> 0;
  }

  sfixed32(): number {
    const { bytes, at } = this;
    this.at = at + 4;
    if (this.at > bytes.length) throw this.overrun();
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }

  fixed64(): bigint {
    this.#fixed64();
    return asUint64[0]!;
  }

  sfixed64(): bigint {
    this.#fixed64();
    return asInt64[0]!;
  }

  float(): number {
    halves[0] = this.sfixed32();
    return asFloat[0]!;
  }

  double(): number {
    this.#fixed64();
    return asDouble[0]!;
  }

  /** `isStrict`: throws for what is no UTF-8, instead of putting U+FFFD in its place. */
  string(limit: number, isStrict: boolean): string {
    const end = this.end(limit);
    const { bytes, at } = this;
    this.at = end;
    const short = end - at > maxShortLength ? undefined : asciiText(bytes, at, end);
    return short ?? this.text(at, end, isStrict);
  }

  /** What stands between two places; `at` stays. */
  text(start: number, end: number, isStrict: boolean): string {
    const { bytes } = this;
    const text = utf8Slice.call(bytes, start, end);
    if (isStrict && text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end)))
      throw this.#broken('a string that is not UTF-8');
    return text;
  }

  /** What stands from here to `end`, for later: a copy, where that is a small part of the bytes. */
  part(end: number): Source {
    const bytes = this.bytes.subarray(this.at, end);
    return new Source(2 * bytes.length < this.bytes.length ? Uint8Array.prototype.slice.call(bytes) : bytes);
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

  /** What stands between two places, of the kind of `bytes`; shares their memory. `at` stays. */
  view(start: number, end: number): Uint8Array {
    const { bytes } = this;
    // What `subarray` does takes longer: it asks for the constructor in three places.
    if (bytes.constructor === Uint8Array) return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    return bytes.subarray(start, end);
  }

  /** Passes over a field whose tag was read, and gives its bytes, with the length of a part but without the tag. */
  skip(tag: number, limit: number, depth: number): Uint8Array {
    const start = this.at;
    this.#pass(tag, limit, depth);
    return this.bytes.subarray(start, this.at);
  }

  /** What a part that begins at `start` and would end at `end` throws, where there is nothing beyond `limit`. */
  tooLong(start: number, end: number, limit: number): RangeError {
    this.at = start;
    return Number.isNaN(end) ? this.overrun() : this.#tooLong(end - start, limit - start);
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

  /** Into `halves`. */
  #fixed64(): void {
    const first = this.sfixed32();
    halves[high] = this.sfixed32();
    halves[low] = first;
  }

  /** A varint of at most ten bytes, into `halves`. */
  #varint64(): void {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at++]!;
    let first = byte & 0x7f;
    let second = 0;
    // Four bytes for the low 28 bits, one over both halves, five for the rest.
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[at++]!;
      first |= (byte & 0x7f) << shift;
    }
    if (byte >= 0x80) {
      byte = bytes[at++]!;
      first |= byte << 28;
      second = (byte & 0x7f) >>> 4;
      for (let shift = 3; byte >= 0x80 && shift < 38; shift += 7) {
        byte = bytes[at++]!;
        second |= (byte & 0x7f) << shift;
      }
    }
    if (byte === undefined) throw this.#broken('it ends within a number');
    if (byte >= 0x80) throw this.#broken('a number is longer than ten bytes');
    this.at = at;
    halves[low] = first;
    halves[high] = second;
  }

  #tooLong(length: number, left: number): RangeError {
    return this.#broken(`a part of ${length} bytes, where ${left} are left`);
  }

  #broken(what: string): RangeError {
    return new RangeError(`not a message at byte ${this.at}: ${what}`);
  }
}
