import type { Buffer } from 'node:buffer';
import { cr, hexDigit, isValueByte, lf, lowerToken } from './byte-classes.ts';
import { FieldScanner } from './field-scanner.ts';
import { Fields } from './fields.ts';
import { KeptBytes } from './kept-bytes.ts';
import { cannotGoOn, needsMore, type ParseFailure } from './parse-failure.ts';
import type { ParserLimits } from './parser-limits.ts';

// Where in the body the reader is.
const beforeSize = 0;
const inSize = 1;
const beforeExtensionName = 2;
const inExtensionName = 3;
const beforeExtensionValue = 4;
const inExtensionToken = 5;
const inExtensionQuotes = 6;
const afterBackslash = 7;
const afterExtensionQuotes = 8;
const afterSizeCr = 9;
const inData = 10;
const afterData = 11;
const afterDataCr = 12;
const inTrailers = 13;
const afterBody = 14;

/** With leading zeros: 52 bits, more than any body has. */
const maxSizeDigits = 13;

const semicolon = 59;
const equals = 61;
const quote = 34;
const backslash = 92;

/**
 * Takes a chunked body apart (RFC 9112 section 7.1). Sizes are hexadecimal digits and nothing else; extensions are checked
 * and dropped; blanks, which the grammar allows beside extensions for old senders only, are refused.
 */
export class ChunkedBody {
  failure: ParseFailure | undefined = undefined;
  /** After the end; undefined where there are none. */
  trailers: Fields | undefined = undefined;
  /** Where `read` stopped; content that it found ends there. */
  at = 0;
  readonly #limits: ParserLimits;
  #state = beforeSize;
  #digits = 0;
  #size = 0;
  #extensionBytes = 0;
  #scanner: FieldScanner | undefined = undefined;
  #kept: KeptBytes | undefined = undefined;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  get isComplete(): boolean {
    return this.#state === afterBody;
  }

  /**
   * Goes on at `from`. Returns where content begins, which goes on to `at`; the end of the body (`isComplete`); or
   * `needsMore`, `cannotGoOn`.
   */
  read(bytes: Buffer, from: number): number {
    let at = from;
    const end = bytes.length;
    while (at < end) {
      if (this.#state === inData) {
        const length = Math.min(this.#size, end - at);
        this.#size -= length;
        if (this.#size === 0) this.#state = afterData;
        this.at = at + length;
        return at;
      }
      if (this.#state === inTrailers) return this.#readTrailers(bytes, at);
      if (!this.#step(bytes[at]!)) return cannotGoOn;
      at++;
    }
    this.at = at;
    return needsMore;
  }

  /** Takes one byte outside of content and trailers. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case beforeSize:
      case inSize:
        return this.#takeSize(byte);
      case afterSizeCr:
        if (byte !== lf) return this.#fail(400, 'a chunk size does not end with CRLF');
        this.#state = this.#size > 0 ? inData : inTrailers;
        return true;
      case afterData:
        if (byte !== cr) return this.#fail(400, 'a chunk is longer than its size');
        this.#state = afterDataCr;
        return true;
      case afterDataCr:
        if (byte !== lf) return this.#fail(400, 'a chunk does not end with CRLF');
        this.#state = beforeSize;
        this.#digits = 0;
        this.#size = 0;
        return true;
      default:
        return this.#takeExtension(byte);
    }
  }

  #takeSize(byte: number): boolean {
    const digit = hexDigit[byte]!;
    if (digit < 16) {
      if (++this.#digits > maxSizeDigits) return this.#fail(400, `a chunk size has more than ${maxSizeDigits} digits`);
      this.#size = this.#size * 16 + digit;
      this.#state = inSize;
      return true;
    }
    if (this.#state === inSize && (byte === semicolon || byte === cr)) return this.#takeExtension(byte);
    return this.#fail(400, 'a chunk size is not a hexadecimal number');
  }

  /** Takes what is between a size and the end of its line, or that end. */
  #takeExtension(byte: number): boolean {
    if (byte !== cr && ++this.#extensionBytes > this.#limits.maxChunkExtensionBytes) {
      return this.#fail(413, `the chunk extensions are longer than ${this.#limits.maxChunkExtensionBytes}`);
    }
    const next = extensionStep(this.#state, byte);
    if (next === cannotGoOn) return this.#fail(400, 'a chunk extension is malformed');
    this.#state = next;
    return true;
  }

  #readTrailers(bytes: Buffer, from: number): number {
    if (this.#scanner === undefined) {
      if (bytes[from] === cr && bytes[from + 1] === lf) return this.#end(from + 2);
      this.#scanner = new FieldScanner();
      this.#scanner.begin(0, this.#limits.maxHeaders, true);
      this.#kept = new KeptBytes();
    }
    const kept = this.#kept!;
    const before = kept.size;
    const stop = Math.min(bytes.length, from + this.#limits.maxTrailerBytes - before);
    kept.append(bytes, from, stop);
    const at = this.#scanner.scan(kept.bytes, before, kept.size, 0);
    if (at === cannotGoOn) {
      this.failure = this.#scanner.failure;
      return cannotGoOn;
    }
    if (at === needsMore) {
      this.at = stop;
      if (kept.size < this.#limits.maxTrailerBytes) return needsMore;
      this.#fail(431, `the trailers are longer than ${this.#limits.maxTrailerBytes}`);
      return cannotGoOn;
    }
    const { marks, count, mask } = this.#scanner;
    if (count > 0) this.trailers = new Fields(kept.bytes.toString('latin1', 0, at), marks, count, mask);
    return this.#end(from + at - before);
  }

  #end(at: number): number {
    this.#state = afterBody;
    this.at = at;
    return at;
  }

  #fail(status: number, what: string): false {
    this.failure = { status, what };
    return false;
  }
}

/** The state after a byte between a size and the end of its line; `cannotGoOn` if it may not be there. */
function extensionStep(state: number, byte: number): number {
  switch (state) {
    case beforeExtensionName:
      return lowerToken[byte] === 0 ? cannotGoOn : inExtensionName;
    case inExtensionName:
      if (byte === equals) return beforeExtensionValue;
      return lowerToken[byte] === 0 ? extensionEnd(byte) : inExtensionName;
    case beforeExtensionValue:
      if (byte === quote) return inExtensionQuotes;
      return lowerToken[byte] === 0 ? cannotGoOn : inExtensionToken;
    case inExtensionToken:
      return lowerToken[byte] === 0 ? extensionEnd(byte) : inExtensionToken;
    case inExtensionQuotes:
      if (byte === quote) return afterExtensionQuotes;
      if (byte === backslash) return afterBackslash;
      return isValueByte[byte] === 0 ? cannotGoOn : inExtensionQuotes;
    case afterBackslash:
      return isValueByte[byte] === 0 ? cannotGoOn : inExtensionQuotes;
    default:
      return extensionEnd(byte);
  }
}

/** What follows a size or an extension: another extension, or the end of the line. */
function extensionEnd(byte: number): number {
  if (byte === cr) return afterSizeCr;
  return byte === semicolon ? beforeExtensionName : cannotGoOn;
}
