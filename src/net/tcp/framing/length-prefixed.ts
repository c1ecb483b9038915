import { ByteWindow } from './byte-window.ts';
import type { FrameCodec, FrameDecoder, FrameSink } from './frame-codec.ts';
import { checkMaxBytes, tooLarge, truncated } from './frame-limits.ts';

export interface LengthPrefixedOptions {
  /** The size of the length in bytes. Default: 4. */
  readonly bytes?: 1 | 2 | 4;
  /** Default: big, as networks have it. */
  readonly byteOrder?: 'big' | 'little';
  /** The largest message, without its length. Default: 1 MiB, or what the length can say if that is less. */
  readonly maxBytes?: number;
}

/**
 * Each message is preceded by its length, which does not count itself. Strings are written as UTF-8. A message that was read
 * may be a view of a larger buffer: copy what is kept for long.
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): FrameCodec<Buffer, Uint8Array | string> {
  const { bytes = 4, byteOrder = 'big' } = options;
  if (bytes !== 1 && bytes !== 2 && bytes !== 4)
    throw new RangeError(`lengthPrefixed: bytes ${bytes} is not 1, 2 or 4`);
  if (byteOrder !== 'big' && byteOrder !== 'little')
    throw new RangeError(`lengthPrefixed: byteOrder ${byteOrder} is not big or little`);
  const sayable = bytes === 1 ? 0xff : bytes === 2 ? 0xffff : 0x7fffffff;
  const maxBytes = options.maxBytes ?? Math.min(1 << 20, sayable);
  checkMaxBytes('lengthPrefixed', maxBytes);
  if (maxBytes > sayable)
    throw new RangeError(`lengthPrefixed: a length of ${bytes} bytes says at most ${sayable}, maxBytes is ${maxBytes}`);
  const isLittle = byteOrder === 'little';
  return {
    decoder: () => new LengthPrefixedDecoder(bytes, isLittle, maxBytes),
    encode: (message, sink) => encode(message, sink, bytes, isLittle, maxBytes),
  };
}

class LengthPrefixedDecoder implements FrameDecoder<Buffer> {
  readonly #window = new ByteWindow();
  readonly #headerBytes: number;
  readonly #isLittle: boolean;
  readonly #maxBytes: number;
  /** Of the message whose length has been read; -1 while it has not. */
  #bodyBytes = -1;

  constructor(headerBytes: number, isLittle: boolean, maxBytes: number) {
    this.#headerBytes = headerBytes;
    this.#isLittle = isLittle;
    this.#maxBytes = maxBytes;
  }

  get partialBytes(): number {
    return this.#window.length + (this.#bodyBytes < 0 ? 0 : this.#headerBytes);
  }

  push(chunk: Uint8Array): void {
    this.#window.push(chunk);
  }

  next(): Buffer | undefined {
    const window = this.#window;
    if (this.#bodyBytes < 0) {
      if (!window.has(this.#headerBytes)) return undefined;
      const length = readLength(window.bytes, window.position, this.#headerBytes, this.#isLittle);
      if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
      window.skip(this.#headerBytes);
      this.#bodyBytes = length;
    }
    if (!window.has(this.#bodyBytes)) return undefined;
    const message = window.take(this.#bodyBytes);
    this.#bodyBytes = -1;
    return message;
  }

  end(): undefined {
    if (this.partialBytes > 0) throw truncated();
  }
}

function readLength(bytes: Buffer, at: number, size: number, isLittle: boolean): number {
  if (size === 4) return isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  if (size === 2) return isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  return bytes[at]!;
}

/** From here on the copy into one buffer costs more than a second piece for the wire. */
const copiedBelow = 4096;

function encode(message: Uint8Array | string, sink: FrameSink, size: number, isLittle: boolean, max: number): void {
  const isText = typeof message === 'string';
  const length = isText ? Buffer.byteLength(message) : message.length;
  if (length > max) throw tooLarge(max);
  const isWhole = isText || length < copiedBelow;
  const frame = Buffer.allocUnsafe(isWhole ? size + length : size);
  if (size === 4) isLittle ? frame.writeUInt32LE(length) : frame.writeUInt32BE(length);
  else if (size === 2) isLittle ? frame.writeUInt16LE(length) : frame.writeUInt16BE(length);
  else frame[0] = length;
  if (isText) frame.write(message, size);
  else if (isWhole) frame.set(message, size);
  sink.write(frame);
  if (!isText && !isWhole) sink.write(message);
}
