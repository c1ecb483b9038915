/** Fields of a fixed size are at most this long with their tag: 5 bytes for the tag, 10 for a varint. */
export const maxFixedBytes = 15;

const firstBytes = 1024;
/** A buffer that grew beyond this for one message is not kept for the next. */
const maxKeptBytes = 256 * 1024;
/** Longer strings are measured and written by the platform; below, a loop is faster than the calls. */
export const maxShortLength = 40;
/** Of a short string, with its length in one byte. */
export const maxShortBytes = 3 * maxShortLength + 1;

/** Takes a bigint apart: faster than arithmetic on it. */
const asInt64 = new BigInt64Array(1);
const halves = new Uint32Array(asInt64.buffer);
const [low, high] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

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
    const { bytes } = this;
    if (value < 0x80) {
      bytes[--this.at] = value;
      return;
    }
    let at = this.at;
    if (value < 0x4000) {
      at -= 2;
      bytes[at] = (value & 0x7f) | 0x80;
      bytes[at + 1] = value >>> 7;
    } else if (value < 0x200000) {
      at -= 3;
      bytes[at] = (value & 0x7f) | 0x80;
      bytes[at + 1] = ((value >>> 7) & 0x7f) | 0x80;
      bytes[at + 2] = value >>> 14;
    } else {
      at -= value < 0x10000000 ? 4 : 5;
      let next = at;
      let rest = value;
      while (rest > 0x7f) {
        bytes[next++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      bytes[next] = rest;
    }
    this.at = at;
  }

  int32(value: number): void {
    if (value >= 0) this.varint32(value);
    else this.varint64(value >>> 0, 0xffffffff);
  }

  sint32(value: number): void {
    this.varint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** Both halves unsigned. */
  varint64(low: number, high: number): void {
    if (high === 0) {
      this.varint32(low);
      return;
    }
    const { bytes } = this;
    // 28 bits lie in the first four bytes; the fifth takes the last 4 of the low half and the first 3 of the high one.
    let more = high >>> 3;
    let size = 5;
    for (let rest = more; rest > 0; rest >>>= 7) size++;
    const at = this.at - size;
    this.at = at;
    bytes[at] = (low & 0x7f) | 0x80;
    bytes[at + 1] = ((low >>> 7) & 0x7f) | 0x80;
    bytes[at + 2] = ((low >>> 14) & 0x7f) | 0x80;
    bytes[at + 3] = ((low >>> 21) & 0x7f) | 0x80;
    const fifth = (low >>> 28) | ((high & 0x07) << 4);
    if (more === 0) {
      bytes[at + 4] = fifth;
      return;
    }
    bytes[at + 4] = fifth | 0x80;
    let next = at + 5;
    while (more > 0x7f) {
      bytes[next++] = (more & 0x7f) | 0x80;
      more >>>= 7;
    }
    bytes[next] = more;
  }

  /** An int64 or uint64 that was checked to be one. */
  int64(value: bigint): void {
    asInt64[0] = value;
    this.varint64(halves[low]!, halves[high]!);
  }

  sint64(value: bigint): void {
    asInt64[0] = value;
    const [first, second] = [halves[low]!, halves[high]!];
    const sign = -(second >>> 31);
    this.varint64(((first << 1) ^ sign) >>> 0, (((second << 1) | (first >>> 31)) ^ sign) >>> 0);
  }

  fixed32(value: number): void {
    this.at -= 4;
    this.view.setUint32(this.at, value, true);
  }

  fixed64(value: bigint): void {
    this.at -= 8;
    asInt64[0] = value;
    this.view.setUint32(this.at, halves[low]!, true);
    this.view.setUint32(this.at + 4, halves[high]!, true);
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

/**
 * Puts a short text before `end`, and gives its first place. From its last character, as everything: what it takes is known when
 * it is written.
 */
export function putText(bytes: Uint8Array, end: number, value: string): number {
  let at = end;
  for (let i = value.length - 1; i >= 0; i--) {
    const unit = value.charCodeAt(i);
    if (unit >= 0x80) return putCharacters(bytes, at, value, i);
    bytes[--at] = unit;
  }
  return at;
}

/** The characters up to `last`, of which not all are ASCII. */
function putCharacters(bytes: Uint8Array, end: number, value: string, last: number): number {
  let at = end;
  for (let i = last; i >= 0; i--) {
    let point = value.charCodeAt(i);
    if (point < 0x80) {
      bytes[--at] = point;
      continue;
    }
    if (point >= 0xd800 && point < 0xe000) {
      // Half of a pair, else of nothing: then U+FFFD stands for it.
      const before = point >= 0xdc00 && i > 0 ? value.charCodeAt(i - 1) : 0;
      const isPair = before >= 0xd800 && before < 0xdc00;
      point = isPair ? ((before - 0xd800) << 10) + (point - 0xdc00) + 0x10000 : 0xfffd;
      if (isPair) i--;
    }
    bytes[--at] = (point & 0x3f) | 0x80;
    if (point < 0x800) {
      bytes[--at] = (point >>> 6) | 0xc0;
      continue;
    }
    bytes[--at] = ((point >>> 6) & 0x3f) | 0x80;
    if (point < 0x10000) {
      bytes[--at] = (point >>> 12) | 0xe0;
      continue;
    }
    bytes[--at] = ((point >>> 12) & 0x3f) | 0x80;
    bytes[--at] = (point >>> 18) | 0xf0;
  }
  return at;
}
