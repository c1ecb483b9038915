import { lowerToken, space, tab } from './byte-classes.ts';
import { framing as names } from './header-name.ts';
import type { ParseFailure } from './parse-failure.ts';

const comma = 44;

/** What the framing fields of a message said, as bits. */
export const fact = {
  closes: 1,
  keepsAlive: 2,
  /** Connection names `upgrade`. */
  upgrades: 4,
  hasUpgrade: 8,
  /** `Expect: 100-continue`. */
  expectsContinue: 16,
  /** An Expect that says something else. */
  expectsOther: 32,
  isChunked: 64,
  hasLength: 128,
} as const;

/**
 * Reads the framing fields of one message. Everything that two implementations might read differently is refused: a
 * repeated or odd Content-Length, one beside Transfer-Encoding, any Transfer-Encoding but `chunked` (RFC 9112 section 6).
 */
export class Framing {
  failure: ParseFailure | undefined = undefined;
  /** Of {@link fact}. */
  facts = 0;
  contentLength = 0;
  /** Of Host, relative to the beginning of the text; 0, 0 where there is none. */
  hostStart = 0;
  hostEnd = 0;
  #seen = 0;
  #isTrailer = false;

  reset(isTrailer: boolean): void {
    this.failure = undefined;
    this.facts = 0;
    this.contentLength = 0;
    this.hostStart = 0;
    this.hostEnd = 0;
    this.#seen = 0;
    this.#isTrailer = isTrailer;
  }

  /** Takes the value of a framing field, which may have blanks behind it. False: `failure` says what is wrong. */
  take(name: number, bytes: Uint8Array, start: number, lineEnd: number, base: number): boolean {
    let end = lineEnd;
    while (end > start && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
    if (this.#isTrailer) return this.#fail(400, 'a trailer is a field that only a head may have');
    if ((name === names.transferEncoding || name === names.contentLength) && hasTab(bytes, start, end, lineEnd)) {
      // Legal, but never sent in earnest, and implementations differ: llhttp does not take `chunked` with a tab behind it.
      return this.#fail(400, 'a field that frames the message has a tab beside its value');
    }
    const isRepeated = (this.#seen & (1 << name)) !== 0;
    this.#seen |= 1 << name;
    switch (name) {
      case names.connection:
        this.facts |= optionsOf(bytes, start, end);
        return true;
      case names.upgrade:
        if (end > start) this.facts |= fact.hasUpgrade;
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
        this.facts |=
          !isRepeated && isWord(bytes, start, end, '100-continue') ? fact.expectsContinue : fact.expectsOther;
        return true;
    }
  }

  #takeContentLength(bytes: Uint8Array, start: number, end: number, isRepeated: boolean): boolean {
    if (isRepeated) return this.#fail(400, 'there are several Content-Length fields');
    if ((this.facts & fact.isChunked) !== 0)
      return this.#fail(400, 'there are both Content-Length and Transfer-Encoding');
    let length = 0;
    for (let at = start; at < end; at++) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) return this.#fail(400, 'the Content-Length is not a whole number');
      length = length * 10 + digit;
    }
    if (end === start) return this.#fail(400, 'the Content-Length is empty');
    if (length > Number.MAX_SAFE_INTEGER) return this.#fail(400, 'the Content-Length is too large');
    this.contentLength = length;
    this.facts |= fact.hasLength;
    return true;
  }

  #takeTransferEncoding(bytes: Uint8Array, start: number, end: number, isRepeated: boolean): boolean {
    if (isRepeated) return this.#fail(400, 'there are several Transfer-Encoding fields');
    if ((this.facts & fact.hasLength) !== 0) {
      return this.#fail(400, 'there are both Content-Length and Transfer-Encoding');
    }
    if (isWord(bytes, start, end, 'chunked')) {
      this.facts |= fact.isChunked;
      return true;
    }
    // RFC 9112 section 6.1 asks for 501 where a coding is unknown. Only what is surely one is told so.
    const value = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 100)));
    const isOther = /^(?:(?!chunked)[a-z-]+[ \t]*,[ \t]*)+chunked$/i.test(value);
    return isOther
      ? this.#fail(501, 'the Transfer-Encoding has a coding besides chunked')
      : this.#fail(400, 'the Transfer-Encoding is not chunked');
  }

  #fail(status: number, what: string): false {
    this.failure = { status, what };
    return false;
  }
}

/** Of the list in Connection. */
function optionsOf(bytes: Uint8Array, start: number, end: number): number {
  let options = 0;
  let from = start;
  for (let at = start; at <= end; at++) {
    if (at < end && bytes[at] !== comma) continue;
    options |= optionOf(bytes, from, at);
    from = at + 1;
  }
  return options;
}

/** Whether one of the blanks around a value is a tab. */
function hasTab(bytes: Uint8Array, start: number, end: number, lineEnd: number): boolean {
  let at = start - 1;
  while (bytes[at] === space) at--;
  if (bytes[at] === tab) return true;
  for (at = end; at < lineEnd; at++) if (bytes[at] === tab) return true;
  return false;
}

/** One element of Connection, with its blanks; what is not known, or is no token, says nothing. */
function optionOf(bytes: Uint8Array, from: number, to: number): number {
  let start = from;
  let end = to;
  while (start < end && (bytes[start] === space || bytes[start] === tab)) start++;
  while (end > start && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
  if (isWord(bytes, start, end, 'keep-alive')) return fact.keepsAlive;
  if (isWord(bytes, start, end, 'close')) return fact.closes;
  return isWord(bytes, start, end, 'upgrade') ? fact.upgrades : 0;
}

/** Whether the bytes are the word, in any case. */
function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (lowerToken[bytes[start + i]!] !== word.charCodeAt(i)) return false;
  return true;
}
