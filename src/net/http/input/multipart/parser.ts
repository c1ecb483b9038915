import { HttpErrors } from '../../http-errors.ts';
import { type PartHead, parsePartHead } from './part-head.ts';

/** What stands in a multipart body, in turn: the head of a part, its content in pieces, its end; and in the end `done`. */
export type MultipartEvent =
  | { readonly kind: 'part'; readonly head: PartHead }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'done' };

export interface MultipartParserOptions {
  readonly maxParts: number;
  /** Of one part. */
  readonly maxPartHeaderBytes: number;
}

const cr = 13;
const lf = 10;
const dash = 45;
const noBytes = Buffer.alloc(0);
const endOfHead = Buffer.from('\r\n\r\n');
/** Blanks between a boundary and the end of its line. */
const maxPadding = 64;

type State =
  | 'start'
  | 'after boundary'
  | 'head'
  | 'start of content'
  | 'content'
  | 'end of part'
  | 'after last'
  | 'done';

/**
 * A multipart/form-data body (RFC 7578, RFC 2046 section 5.1.1) as a state machine: bytes in, events out. It keeps no more than the
 * head of one part, or what may be the beginning of a boundary.
 *
 * Strict where readers differ, since a filter in front may read it another way: no text before the first part or after the
 * last, CRLF alone ends a line, and a line that only begins like a boundary is refused.
 */
export class MultipartParser {
  readonly #delimiter: Buffer;
  readonly #options: MultipartParserOptions;
  /** What was pushed and is not consumed. */
  #buffer: Buffer = noBytes;
  #at = 0;
  /** How far the buffer has been searched in vain. */
  #searched = 0;
  #state: State = 'start';
  #parts = 0;
  /** Blanks and line ends after the last boundary. */
  #trailing = 0;

  constructor(boundary: string, options: MultipartParserOptions) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#options = options;
  }

  /** More of the body. Take all events first: what is left over is copied. The chunk must not change while it is in use. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const left = this.#buffer.subarray(this.#at);
    this.#buffer = left.length === 0 ? bytes : Buffer.concat([left, bytes]);
    this.#searched = Math.max(0, this.#searched - this.#at);
    this.#at = 0;
  }

  /** The next event; undefined if more bytes are needed. Throws MALFORMED_FORM or BODY_TOO_LARGE; it is of no use then. */
  next(): MultipartEvent | undefined {
    for (;;) {
      switch (this.#state) {
        case 'start':
          if (!this.#begin()) return undefined;
          break;
        case 'after boundary':
          if (!this.#endBoundary()) return undefined;
          break;
        case 'head':
          return this.#head();
        case 'start of content':
          if (!this.#startContent()) return undefined;
          break;
        case 'content':
          return this.#content();
        case 'end of part':
          this.#state = 'after boundary';
          return { kind: 'end' };
        case 'after last':
          if (!this.#epilogue()) return undefined;
          break;
        case 'done':
          return undefined;
      }
    }
  }

  /** The body has ended: gives `done`, or throws MALFORMED_FORM where it is not complete. Take all events first. */
  end(): MultipartEvent {
    if (this.#state !== 'after last' || this.#left > 0) throw malformed('it ends before its last boundary');
    this.#state = 'done';
    return { kind: 'done' };
  }

  get #left(): number {
    return this.#buffer.length - this.#at;
  }

  /** The body begins with a boundary, with or without an empty line before it. */
  #begin(): boolean {
    if (this.#left < 2) return false;
    const isLine = this.#buffer[this.#at] === cr;
    const wanted = isLine ? this.#delimiter : this.#delimiter.subarray(2);
    if (this.#left < wanted.length) return false;
    if (this.#buffer.compare(wanted, 0, wanted.length, this.#at, this.#at + wanted.length) !== 0) {
      throw malformed('it does not begin with its boundary');
    }
    this.#take(wanted.length);
    this.#state = 'after boundary';
    return true;
  }

  /** After a boundary: two dashes for the last, or blanks and the end of the line. */
  #endBoundary(): boolean {
    if (this.#left < 2) return false;
    const first = this.#buffer[this.#at];
    if (first === dash) {
      if (this.#buffer[this.#at + 1] !== dash) throw malformed('a line begins like its boundary and goes on');
      this.#take(2);
      this.#state = 'after last';
      return true;
    }
    let end = this.#at;
    while (end < this.#buffer.length && isBlank(this.#buffer[end]!)) end++;
    if (end - this.#at > maxPadding) throw malformed('there are too many blanks after a boundary');
    if (this.#buffer.length - end < 2) {
      if (end < this.#buffer.length && this.#buffer[end] !== cr)
        throw malformed('a line begins like its boundary and goes on');
      return false;
    }
    if (this.#buffer[end] !== cr || this.#buffer[end + 1] !== lf) {
      throw malformed('a line begins like its boundary and goes on');
    }
    this.#take(end + 2 - this.#at);
    this.#state = 'head';
    return true;
  }

  #head(): MultipartEvent | undefined {
    const { maxParts, maxPartHeaderBytes } = this.#options;
    // A head without a line would be taken for the beginning of its empty line.
    if (this.#left >= 2 && this.#buffer[this.#at] === cr && this.#buffer[this.#at + 1] === lf) parsePartHead('');
    const end = this.#find(endOfHead);
    if ((end < 0 ? this.#buffer.length : end) - this.#at > maxPartHeaderBytes) {
      throw HttpErrors.BODY_TOO_LARGE(`the headers of a part of the form are longer than ${maxPartHeaderBytes} bytes`);
    }
    if (end < 0) return undefined;
    this.#parts++;
    if (this.#parts > maxParts) throw HttpErrors.BODY_TOO_LARGE(`the form has more than ${maxParts} parts`);
    const head = parsePartHead(this.#buffer.toString('latin1', this.#at, end));
    this.#take(end + endOfHead.length - this.#at);
    this.#state = 'start of content';
    return { kind: 'part', head };
  }

  /** A part without content still has an empty line; where it lacks, readers differ on what its content is. */
  #startContent(): boolean {
    const line = this.#delimiter.subarray(2);
    const known = Math.min(this.#left, line.length);
    const isLike = this.#buffer.compare(line, 0, known, this.#at, this.#at + known) === 0;
    if (isLike && known < line.length) return false;
    if (isLike) throw malformed('a part has no empty line between its headers and its end');
    this.#state = 'content';
    return true;
  }

  #content(): MultipartEvent | undefined {
    const start = this.#at;
    const boundary = this.#find(this.#delimiter);
    if (boundary >= 0) {
      this.#take(boundary + this.#delimiter.length - start);
      this.#state = 'end of part';
      if (boundary > start) return { kind: 'data', bytes: this.#buffer.subarray(start, boundary) };
      this.#state = 'after boundary';
      return { kind: 'end' };
    }
    // What may be the beginning of a boundary waits for more.
    const tail = this.#buffer.indexOf(cr, Math.max(start, this.#buffer.length - this.#delimiter.length + 1));
    const end = tail < 0 ? this.#buffer.length : tail;
    if (end === start) return undefined;
    this.#take(end - start);
    return { kind: 'data', bytes: this.#buffer.subarray(start, end) };
  }

  /** After the last boundary: nothing, or the end of its line. */
  #epilogue(): boolean {
    while (this.#left > 0 && (isBlank(this.#buffer[this.#at]!) || this.#buffer[this.#at] === cr)) {
      const isLineEnd = this.#buffer[this.#at] === cr;
      if (isLineEnd && this.#left < 2) return false;
      if (isLineEnd && this.#buffer[this.#at + 1] !== lf) break;
      this.#trailing += isLineEnd ? 2 : 1;
      if (this.#trailing > maxPadding) break;
      this.#take(isLineEnd ? 2 : 1);
    }
    if (this.#left > 0) throw malformed('it goes on after its last boundary');
    return false;
  }

  /** Where `bytes` stand in what is left; -1 if they do not, and then the next search begins where this one ended. */
  #find(bytes: Buffer): number {
    const found = this.#buffer.indexOf(bytes, Math.max(this.#at, this.#searched));
    this.#searched = found < 0 ? Math.max(this.#at, this.#buffer.length - bytes.length + 1) : 0;
    return found;
  }

  #take(count: number): void {
    this.#at += count;
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}

function malformed(why: string): Error {
  return HttpErrors.MALFORMED_FORM(`the body is not a multipart form: ${why}`);
}
