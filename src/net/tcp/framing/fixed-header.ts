import { TcpErrors } from '../tcp-errors.ts';
import { ByteWindow } from './byte-window.ts';
import type { FrameCodec, FrameDecoder, FrameSink } from './frame-codec.ts';
import { checkMaxBytes, tooLarge, truncated } from './frame-limits.ts';

export interface FixedHeaderOptions {
  /** The length of the header in bytes, from 1. */
  readonly size: number;
  /**
   * How many bytes follow this header. May throw a StatusError for a header that is none. Called once per frame read and
   * once per frame written.
   */
  readonly bodyLength: (header: Buffer) => number;
  /** Header and body together. Default: 1 MiB. */
  readonly maxBytes?: number;
}

/**
 * Frames whose header, of one size, says how long the body is. A message is the whole frame, header and body, both when read
 * and when written; one that was read may be a view of a larger buffer: copy what is kept for long.
 */
export function fixedHeader(options: FixedHeaderOptions): FrameCodec<Buffer, Uint8Array> {
  const { size, bodyLength, maxBytes = 1 << 20 } = options;
  checkMaxBytes('fixedHeader', maxBytes);
  if (!Number.isInteger(size) || size < 1 || size > maxBytes)
    throw new RangeError(`fixedHeader: size ${size} is not a whole number from 1 to maxBytes, ${maxBytes}`);
  return {
    decoder: () => new FixedHeaderDecoder(size, bodyLength, maxBytes),
    encode(frame: Uint8Array, sink: FrameSink) {
      if (frame.length > maxBytes) throw tooLarge(maxBytes);
      const header = Buffer.from(frame.buffer, frame.byteOffset, Math.min(size, frame.length));
      if (frame.length < size || size + checkedLength(bodyLength(header)) !== frame.length)
        throw TcpErrors.MALFORMED_FRAME(`the frame has ${frame.length} bytes, and its header says something else`);
      sink.write(frame);
    },
  };
}

class FixedHeaderDecoder implements FrameDecoder<Buffer> {
  readonly #window = new ByteWindow();
  readonly #size: number;
  readonly #bodyLength: (header: Buffer) => number;
  readonly #maxBytes: number;
  /** Of the frame that has begun; 0 while its header is not complete. */
  #frameBytes = 0;

  constructor(size: number, bodyLength: (header: Buffer) => number, maxBytes: number) {
    this.#size = size;
    this.#bodyLength = bodyLength;
    this.#maxBytes = maxBytes;
  }

  get partialBytes(): number {
    return this.#window.length;
  }

  push(chunk: Uint8Array): void {
    this.#window.push(chunk);
  }

  next(): Buffer | undefined {
    const window = this.#window;
    if (this.#frameBytes === 0) {
      if (!window.has(this.#size)) return undefined;
      const header = window.bytes.subarray(window.position, window.position + this.#size);
      const frameBytes = this.#size + checkedLength(this.#bodyLength(header));
      if (frameBytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
      this.#frameBytes = frameBytes;
    }
    if (!window.has(this.#frameBytes)) return undefined;
    const frame = window.take(this.#frameBytes);
    this.#frameBytes = 0;
    return frame;
  }

  end(): undefined {
    if (this.#window.length > 0) throw truncated();
  }
}

function checkedLength(length: number): number {
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw TcpErrors.MALFORMED_FRAME(`the header gives a body of ${length} bytes`);
}
