/**
 * Writes the protobuf wire format (protobuf.dev/programming-guides/encoding) into one growing buffer. Just what OTLP needs:
 * the caller names field numbers, so no schema, no message objects and no reflection stand between a span and its bytes.
 */
export class ProtobufWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(initialBytes = 4096) {
    this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written after `length`. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.subarray(0, this.#length));
  }

  /** An unsigned varint up to 2^53 - 1. */
  uint(field: number, value: number): void {
    this.#reserve(20);
    this.#tag(field, 0);
    this.#varint(value);
  }

  /** int64 in two's complement: a negative number takes ten bytes. */
  int64(field: number, value: number): void {
    this.#reserve(20);
    this.#tag(field, 0);
    if (value >= 0) this.#varint(value);
    else this.#negativeVarint(value);
  }

  #negativeVarint(value: number): void {
    let low = value >>> 0;
    let high = Math.floor(value / 0x1_0000_0000) >>> 0;
    while (high > 0 || low > 0x7f) {
      this.#bytes[this.#length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#length++] = low;
  }

  bool(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#reserve(20);
    this.#tag(field, 1);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** fixed64 of a whole number up to 2^64; beyond 2^53 it is as exact as a double is (256 ns for a time in nanoseconds). */
  fixed64(field: number, value: number): void {
    this.#reserve(20);
    this.#tag(field, 1);
    this.#fixed64(value);
  }

  fixed32(field: number, value: number): void {
    this.#reserve(20);
    this.#tag(field, 5);
    this.#fixed32(value >>> 0);
  }

  string(field: number, text: string): void {
    this.#reserve(20 + text.length * 3);
    this.#tag(field, 2);
    const end = text.length <= shortText ? this.#ascii(text) : -1;
    if (end >= 0) {
      this.#length = end;
      return;
    }
    const bytes = Buffer.byteLength(text);
    this.#varint(bytes);
    this.#bytes.write(text, this.#length, 'utf8');
    this.#length += bytes;
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#reserve(20 + bytes.length);
    this.#tag(field, 2);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The bytes that lower-case hex digits say. */
  hex(field: number, digits: string): void {
    const count = digits.length >> 1;
    this.#reserve(20 + count);
    this.#tag(field, 2);
    this.#varint(count);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < count; i++) {
      bytes[at++] = (nibbles[digits.charCodeAt(2 * i)]! << 4) | nibbles[digits.charCodeAt(2 * i + 1)]!;
    }
    this.#length = at;
  }

  /** Packed repeated fixed64. */
  packedFixed64(field: number, values: ArrayLike<number>): void {
    this.#reserve(20 + values.length * 8);
    this.#tag(field, 2);
    this.#varint(values.length * 8);
    for (let i = 0; i < values.length; i++) this.#fixed64(values[i]!);
  }

  /** Packed repeated double. */
  packedDouble(field: number, values: ArrayLike<number>): void {
    this.#reserve(20 + values.length * 8);
    this.#tag(field, 2);
    this.#varint(values.length * 8);
    for (let i = 0; i < values.length; i++) this.#length = this.#bytes.writeDoubleLE(values[i]!, this.#length);
  }

  /** Bytes that are encoded fields already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * Opens a nested message; what is written until {@link close} with the returned mark is its content. `lengthBytes` says
   * how long its length will probably be: 2 for 128 bytes and more.
   */
  open(field: number, lengthBytes = 1): number {
    this.#reserve(20);
    this.#tag(field, 2);
    this.#length += lengthBytes;
    return this.#length;
  }

  /**
   * Closes the message opened at `mark`. If its length takes more or fewer bytes than were kept for it, the content moves.
   * Measuring the content beforehand, the usual alternative, costs more than moving some of it.
   */
  close(mark: number, lengthBytes = 1): void {
    const size = this.#length - mark;
    const needed = size < 0x80 ? 1 : size < 0x4000 ? 2 : size < 0x20_0000 ? 3 : size < 0x1000_0000 ? 4 : 5;
    const start = mark - lengthBytes;
    if (needed !== lengthBytes) {
      this.#reserve(needed);
      this.#bytes.copyWithin(start + needed, mark, this.#length);
    }
    this.#length = start;
    this.#varint(size);
    this.#length += size;
  }

  #tag(field: number, wireType: number): void {
    const tag = (field << 3) | wireType;
    if (tag < 0x80) this.#bytes[this.#length++] = tag;
    else this.#varint(tag);
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#length = at;
  }

  #fixed64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.#fixed32(value - high * 0x1_0000_0000);
    this.#fixed32(high);
  }

  #fixed32(value: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = value & 0xff;
    bytes[at++] = (value >>> 8) & 0xff;
    bytes[at++] = (value >>> 16) & 0xff;
    bytes[at++] = value >>> 24;
    this.#length = at;
  }

  /** Length and text in one pass, or -1 if a character is not ASCII. Faster than a call into C++ for names and codes. */
  #ascii(text: string): number {
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const character = text.charCodeAt(i);
      if (character > 0x7f) return -1;
      bytes[at++] = character;
    }
    return at;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Its length fits one byte, and a loop over it beats `Buffer.write`. */
const shortText = 64;

/** The value of each hex digit by its character code. */
const nibbles = new Uint8Array(128);
for (let value = 0; value < 16; value++) nibbles[value.toString(16).charCodeAt(0)] = value;
