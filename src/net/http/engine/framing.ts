import { lowerToken, space, tab } from './byte-classes.ts';
import { framing as names } from './header-name.ts';
import type { ParseFailure } from './parse-failure.ts';

/** Options of Connection, as bits. */
const closes = 1;
const keepsAlive = 2;
const upgrades = 4;

/**
 * What the framing fields of one message said. Everything that two implementations might read differently is refused: a
 * repeated or odd Content-Length, one beside Transfer-Encoding, any Transfer-Encoding but `chunked` (RFC 9112 section 6).
 */
export class Framing {
  failure: ParseFailure | undefined = undefined;
  /** Undefined where none was given. */
  contentLength: number | undefined = undefined;
  isChunked = false;
  hasUpgrade = false;
  /** `Expect: 100-continue`. */
  expectsContinue = false;
  /** An Expect that says something else. */
  expectsOther = false;
  /** Of Host, relative to the beginning of the text; 0, 0 where there is none. */
  hostStart = 0;
  hostEnd = 0;
  #connection = 0;
  #seen = 0;
  #isTrailer = false;

  reset(isTrailer: boolean): void {
    this.failure = undefined;
    this.contentLength = undefined;
    this.isChunked = false;
    this.hasUpgrade = false;
    this.expectsContinue = false;
    this.expectsOther = false;
    this.hostStart = 0;
    this.hostEnd = 0;
    this.#connection = 0;
    this.#seen = 0;
    this.#isTrailer = isTrailer;
  }

  get closes(): boolean {
    return (this.#connection & closes) !== 0;
  }

  get keepsAlive(): boolean {
    return (this.#connection & keepsAlive) !== 0;
  }

  get upgrades(): boolean {
    return (this.#connection & upgrades) !== 0 && this.hasUpgrade;
  }

  /** Takes the value of a framing field, which may have blanks behind it. False: `failure` says what is wrong. */
  take(name: number, bytes: Uint8Array, start: number, lineEnd: number, base: number): boolean {
    let end = lineEnd;
    while (end > start && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
    if (this.#isTrailer) return this.#fail(400, 'a trailer is a field that only a head may have');
    const isRepeated = (this.#seen & (1 << name)) !== 0;
    this.#seen |= 1 << name;
    switch (name) {
      case names.connection:
        return this.#takeConnection(bytes, start, end);
      case names.upgrade:
        this.hasUpgrade = end > start;
        return true;
      case names.host:
        this.hostStart = start - base;
        this.hostEnd = end - base;
        return !isRepeated || this.#fail(400, 'there are several Host fields');
      case names.contentLength:
        return this.#takeContentLength(bytes, start, end, isRepeated);
      case names.transferEncoding:
        return this.#takeTransferEncoding(bytes, start, end, isRepeated);
      default:
        if (!isRepeated && isWord(bytes, start, end, '100-continue')) this.expectsContinue = true;
        else this.expectsOther = true;
        return true;
    }
  }

  #takeContentLength(bytes: Uint8Array, start: number, end: number, isRepeated: boolean): boolean {
    if (isRepeated) return this.#fail(400, 'there are several Content-Length fields');
    if (this.isChunked) return this.#fail(400, 'there are both Content-Length and Transfer-Encoding');
    let length = 0;
    for (let at = start; at < end; at++) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) return this.#fail(400, 'the Content-Length is not a whole number');
      length = length * 10 + digit;
    }
    if (end === start) return this.#fail(400, 'the Content-Length is empty');
    if (length > Number.MAX_SAFE_INTEGER) return this.#fail(400, 'the Content-Length is too large');
    this.contentLength = length;
    return true;
  }

  #takeTransferEncoding(bytes: Uint8Array, start: number, end: number, isRepeated: boolean): boolean {
    if (isRepeated) return this.#fail(400, 'there are several Transfer-Encoding fields');
    if (this.contentLength !== undefined) return this.#fail(400, 'there are both Content-Length and Transfer-Encoding');
    if (isWord(bytes, start, end, 'chunked')) {
      this.isChunked = true;
      return true;
    }
    // RFC 9112 section 6.1 asks for 501 where a coding is unknown. Only what is surely one is told so.
    const value = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 100)));
    const isOther = /^(?:(?!chunked)[a-z-]+[ \t]*,[ \t]*)+chunked$/i.test(value);
    return isOther
      ? this.#fail(501, 'the Transfer-Encoding has a coding besides chunked')
      : this.#fail(400, 'the Transfer-Encoding is not chunked');
  }

  #takeConnection(bytes: Uint8Array, start: number, end: number): boolean {
    let from = start;
    for (let at = start; at <= end; at++) {
      if (at < end && bytes[at] !== 44) continue;
      this.#connection |= optionOf(bytes, from, at);
      from = at + 1;
    }
    return true;
  }

  #fail(status: number, what: string): false {
    this.failure = { status, what };
    return false;
  }
}

/** One element of Connection, with its blanks; what is not known, or is no token, says nothing. */
function optionOf(bytes: Uint8Array, from: number, to: number): number {
  let start = from;
  let end = to;
  while (start < end && (bytes[start] === space || bytes[start] === tab)) start++;
  while (end > start && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
  if (isWord(bytes, start, end, 'keep-alive')) return keepsAlive;
  if (isWord(bytes, start, end, 'close')) return closes;
  return isWord(bytes, start, end, 'upgrade') ? upgrades : 0;
}

/** Whether the bytes are the word, in any case. */
function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (lowerToken[bytes[start + i]!] !== word.charCodeAt(i)) return false;
  return true;
}
