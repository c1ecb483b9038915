import { CollectorErrors } from '../collector-errors.ts';

/**
 * Reads the protobuf wire format. The caller loops over the fields of a message and switches on the tag (field number and
 * wire type together), so a known field of a wrong type is skipped like an unknown one:
 *
 *     for (const end = reader.open(); reader.at < end; ) {
 *       switch (reader.tag()) {
 *         case lengthTag(1): name = reader.string(); break;
 *         default: reader.skip();
 *       }
 *     }
 *     reader.close(end);
 *
 * Never reads outside of its bytes. Throws MALFORMED_OTLP, and nothing else, for bytes that are not protobuf.
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #tag = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The next field's number and wire type: `number << 3 | type`. */
  tag(): number {
    this.#tag = this.uint();
    if (this.#tag < 8 || this.#tag > 0xffff_ffff) throw this.malformed(`field tag ${this.#tag}`);
    return this.#tag;
  }

  /** A varint of up to 64 bits. Beyond 2^53 it loses its low bits, as a number does. */
  uint(): number {
    let value = 0;
    for (let scale = 1, bytes = 1; bytes <= 10; scale *= 128, bytes++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw this.malformed('a varint of more than 10 bytes');
  }

  /** int64 in two's complement, read in halves: through a double a small negative number would be lost. */
  int64(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >> 4;
      else if (shift > 32 && shift < 64) high |= bits << (shift - 32);
      if (byte < 0x80) return high * 2 ** 32 + (low >>> 0);
    }
    throw this.malformed('a varint of more than 10 bytes');
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  fixed32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  fixed64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  sfixed64(): number {
    const at = this.#take(8);
    return this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    const length = this.uint();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Invalid UTF-8 becomes replacement characters. */
  string(): string {
    return utf8.decode(this.bytes());
  }

  /** Enters a nested message; returns where it ends. */
  open(): number {
    const length = this.uint();
    const start = this.#take(length);
    this.#at = start;
    return start + length;
  }

  /** Checks that the last field ended where its message does. */
  close(end: number): void {
    if (this.#at !== end) throw this.malformed(`a field that runs over the end of its message at byte ${end}`);
  }

  /** Skips the value of the field whose tag was read last. */
  skip(): void {
    const type = this.#tag & 7;
    if (type === 0) this.uint();
    else if (type === 1) this.#take(8);
    else if (type === 2) this.#take(this.uint());
    else if (type === 5) this.#take(4);
    else throw this.malformed(`wire type ${type}`);
  }

  malformed(what: string): Error {
    return CollectorErrors.MALFORMED_OTLP(`malformed protobuf: ${what}, at byte ${this.#at} of ${this.#bytes.length}`);
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** Moves over `length` bytes; returns where they start. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) {
      throw this.malformed(`${length} bytes wanted, ${this.#bytes.length - start} left`);
    }
    this.#at = start + length;
    return start;
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The tags of a field by wire type. */
export const varintTag = (field: number) => field << 3;
export const fixed64Tag = (field: number) => (field << 3) | 1;
export const lengthTag = (field: number) => (field << 3) | 2;
export const fixed32Tag = (field: number) => (field << 3) | 5;
