import { isUtf8 } from 'node:buffer';
import { TcpErrors } from '../tcp-errors.ts';
import { DelimitedDecoder } from './delimited.ts';
import type { FrameCodec, FrameDecoder, FrameSink } from './frame-codec.ts';
import { checkMaxBytes, tooLarge } from './frame-limits.ts';

export interface LinesOptions {
  /** The longest line in bytes of UTF-8, without its end. Default: 64 KiB. */
  readonly maxBytes?: number;
  /** What ends a line that is written. Read is either. Default: a line feed. */
  readonly lineEnd?: '\n' | '\r\n';
  /** Whether what follows the last line feed is a line too when the peer ends. Default: false, it is half a frame. */
  readonly allowUnterminated?: boolean;
}

/**
 * Lines of UTF-8 text, without their ends. Bytes that are not UTF-8 are MALFORMED_FRAME, and so is writing a line that
 * contains a line feed, with which a user's text would become two messages.
 */
export function lines(options: LinesOptions = {}): FrameCodec<string, string> {
  const { maxBytes = 64 << 10, lineEnd = '\n', allowUnterminated = false } = options;
  checkMaxBytes('lines', maxBytes);
  return {
    decoder: () => new LineDecoder(maxBytes, allowUnterminated),
    encode(line: string, sink: FrameSink) {
      const bytes = Buffer.byteLength(line);
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      if (line.includes('\n')) throw TcpErrors.MALFORMED_FRAME('the line contains a line feed');
      const text = line + lineEnd;
      // One byte a character is ASCII, which needs no buffer of its own.
      sink.write(bytes === line.length ? text : Buffer.from(text));
    },
  };
}

class LineDecoder implements FrameDecoder<string> {
  readonly #lines: DelimitedDecoder;
  readonly #maxBytes: number;

  constructor(maxBytes: number, allowUnterminated: boolean) {
    // A carriage return at the end does not count.
    this.#lines = new DelimitedDecoder(lineFeed, maxBytes + 1, allowUnterminated);
    this.#maxBytes = maxBytes;
  }

  get partialBytes(): number {
    return this.#lines.partialBytes;
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  next(): string | undefined {
    const line = this.#lines.next();
    return line === undefined ? undefined : this.#text(line, true);
  }

  end(): string | undefined {
    const line = this.#lines.end();
    return line === undefined ? undefined : this.#text(line, false);
  }

  #text(line: Buffer, isTerminated: boolean): string {
    const length = isTerminated && line.at(-1) === carriageReturn ? line.length - 1 : line.length;
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    if (!isUtf8(line)) throw TcpErrors.MALFORMED_FRAME('the line is not UTF-8');
    return line.toString('utf8', 0, length);
  }
}

const lineFeed = Buffer.from('\n');
const carriageReturn = 0x0d;
