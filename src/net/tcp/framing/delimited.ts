import { TcpErrors } from '../tcp-errors.ts';
import { ByteWindow } from './byte-window.ts';
import type { FrameCodec, FrameDecoder, FrameSink } from './frame-codec.ts';
import { checkMaxBytes, tooLarge, truncated } from './frame-limits.ts';

export interface DelimitedOptions {
  /** What ends each message: text, which is taken as UTF-8, or bytes. Default: a line feed. */
  readonly delimiter?: string | Uint8Array;
  /** The largest message, without its delimiter. Default: 64 KiB. */
  readonly maxBytes?: number;
  /** Whether what follows the last delimiter is a message too when the peer ends. Default: false, it is half a frame. */
  readonly allowUnterminated?: boolean;
}

/**
 * Each message ends with a delimiter, which is no part of it and which it cannot contain: writing one that does throws
 * MALFORMED_FRAME. A message that was read may be a view of a larger buffer: copy what is kept for long.
 */
export function delimited(options: DelimitedOptions = {}): FrameCodec<Buffer, Uint8Array | string> {
  const { delimiter = '\n', maxBytes = 64 << 10, allowUnterminated = false } = options;
  checkMaxBytes('delimited', maxBytes);
  const ending = Buffer.from(delimiter as string);
  if (ending.length === 0) throw new RangeError('delimited: the delimiter is empty; it must have at least one byte');
  return {
    decoder: () => new DelimitedDecoder(ending, maxBytes, allowUnterminated),
    encode(message: Uint8Array | string, sink: FrameSink) {
      const bytes = typeof message === 'string' ? Buffer.from(message) : message;
      if (bytes.length > maxBytes) throw tooLarge(maxBytes);
      if (isCutEarly(bytes, ending)) throw TcpErrors.MALFORMED_FRAME('the message contains the delimiter');
      sink.write(bytes);
      sink.write(ending);
    },
  };
}

/** Lines are built on it. */
export class DelimitedDecoder implements FrameDecoder<Buffer> {
  readonly #window = new ByteWindow();
  readonly #ending: Buffer;
  readonly #maxBytes: number;
  readonly #allowUnterminated: boolean;
  /** So many bytes of the window are known to begin no delimiter that ends within it. */
  #searched = 0;

  constructor(ending: Buffer, maxBytes: number, allowUnterminated: boolean) {
    this.#ending = ending;
    this.#maxBytes = maxBytes;
    this.#allowUnterminated = allowUnterminated;
  }

  get partialBytes(): number {
    return this.#window.length;
  }

  push(chunk: Uint8Array): void {
    this.#window.push(chunk);
  }

  next(): Buffer | undefined {
    const window = this.#window;
    const found = this.#find();
    if (found >= 0) {
      this.#searched = 0;
      if (found > this.#maxBytes) throw tooLarge(this.#maxBytes);
      const message = window.take(found);
      window.skip(this.#ending.length);
      return message;
    }
    // The last bytes may be the beginning of a delimiter, and then no part of the message.
    const overlap = this.#ending.length - 1;
    if (window.length - overlap > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#searched = Math.max(0, window.length - overlap);
    return undefined;
  }

  end(): Buffer | undefined {
    const { length } = this.#window;
    if (length === 0) return undefined;
    if (!this.#allowUnterminated) throw truncated();
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    return this.#window.take(length);
  }

  /** How many bytes lie before the next delimiter, which is then in the window; -1 if all that came has none. */
  #find(): number {
    const window = this.#window;
    const ending = this.#ending;
    const held = window.length;
    let at = indexIn(window.bytes, window.position + this.#searched, window.end, ending);
    if (at >= 0) return at - window.position;
    const { incoming } = window;
    if (incoming === undefined) {
      window.release();
      return -1;
    }
    const most = this.#maxBytes + ending.length;
    const overlap = Math.min(ending.length - 1, incoming.length);
    if (overlap > 0) {
      // One that begins in the window and ends in what came.
      window.has(held + overlap, most);
      at = indexIn(window.bytes, window.position + Math.max(0, held - ending.length + 1), window.end, ending);
      if (at >= 0) return at - window.position;
    }
    at = indexIn(incoming, 0, incoming.length, ending);
    // Without one, no more is copied than it takes to know that the message is too large.
    const wanted = at >= 0 ? held + at + ending.length : held + incoming.length;
    window.has(Math.min(wanted, most), most);
    return at >= 0 ? held + at : -1;
  }
}

/** Where `ending` lies between `from` and `to`, or -1. */
function indexIn(bytes: Buffer, from: number, to: number, ending: Buffer): number {
  // Not with the offset that indexOf takes: it knows no end, and what lies behind `to` is not ours.
  const at = bytes.subarray(from, to).indexOf(ending.length === 1 ? ending[0]! : ending);
  return at < 0 ? -1 : from + at;
}

/** Whether a reader would find the delimiter before the message has ended. */
function isCutEarly(message: Uint8Array, ending: Buffer): boolean {
  if (ending.length === 1) return message.includes(ending[0]!);
  // The last bytes of a message and the first of the delimiter may make one too.
  return Buffer.concat([message, ending]).indexOf(ending) < message.length;
}
