import { Buffer } from 'node:buffer';
import { cr, lf } from './byte-classes.ts';
import { ChunkedBody } from './chunked-body.ts';
import type { Fields } from './fields.ts';
import { KeptBytes } from './kept-bytes.ts';
import { needsMore, type ParseFailure } from './parse-failure.ts';
import { checkLimits, type ParserLimits } from './parser-limits.ts';

/** What `next` of a parser says. */
export const parserEvent = {
  /** All bytes are used up: push more. */
  more: 0,
  /** `head` is there. */
  head: 1,
  /** `body` is the next piece of the content, never empty. */
  body: 2,
  /** The message is complete; `trailers` are there if any came. */
  end: 3,
  /** `failure` says why; it is said again for ever. */
  failed: 4,
} as const;

export type { ParseFailure, ParserLimits };
export type ParserEvent = (typeof parserEvent)[keyof typeof parserEvent];

// What the parser is reading.
const idle = 0;
const afterBlankCr = 1;
const afterBlankLine = 2;
const inHead = 3;
const inSizedBody = 4;
const inChunkedBody = 5;
const inEndlessBody = 6;
const atEnd = 7;
const failed = 8;

/** Instead of the length of a body: it is sent in chunks. */
export const chunkedBody = -1;
/** It goes on until the connection is closed. */
export const endlessBody = -2;

const noBytes = Buffer.alloc(0);

/** What scans the heads of a parser, one at a time. */
export interface HeadScanner<H> {
  failure: ParseFailure | undefined;
  begin(): void;
  /** Goes on at `from` in a head that begins at `base`. Returns the position after it, `needsMore` or `cannotGoOn`. */
  scan(bytes: Uint8Array, from: number, end: number, base: number): number;
  /** The head that has been scanned, or undefined: `failure` says why. */
  head(bytes: Buffer, base: number, end: number): H | undefined;
}

/**
 * The messages of one direction of a connection (RFC 9112), bytes in, events out: push a chunk, then call `next` until it
 * says `more`. The events are the same however the bytes are split, but for where content is cut. Strict: what two
 * implementations could understand differently fails. No bytes are held while it is idle, and of a chunk only what is not
 * read yet.
 */
export class MessageParser<H extends { readonly bodyLength: number }> {
  /** After `head`; a new object for each message. */
  head!: H;
  /** After `body`: a view of the chunk that was pushed. */
  body: Uint8Array = noBytes;
  /** After `end`; undefined where none came. */
  trailers: Fields | undefined = undefined;
  /** After `failed`. */
  failure!: ParseFailure;
  readonly #limits: ParserLimits;
  readonly #scanner: HeadScanner<H>;
  readonly #skipsBlankLine: boolean;
  #phase = idle;
  #chunk: Buffer = noBytes;
  #at = 0;
  /** Of a body with a Content-Length, what is still to come. */
  #left = 0;
  #chunked: ChunkedBody | undefined = undefined;
  /** Of a head that did not come in one piece. */
  #kept: KeptBytes | undefined = undefined;

  /** Throws a RangeError for a limit out of range. */
  constructor(limits: ParserLimits, scanner: HeadScanner<H>, skipsBlankLine: boolean) {
    checkLimits(limits);
    this.#limits = limits;
    this.#scanner = scanner;
    this.#skipsBlankLine = skipsBlankLine;
  }

  /** No byte of a message is waiting to be completed (an empty line before a request does not count). */
  get isIdle(): boolean {
    return (this.#phase === idle || this.#phase === afterBlankLine) && this.#at === this.#chunk.length;
  }

  /** A head has begun and is not complete. */
  get isInHead(): boolean {
    return this.#phase === inHead || this.#phase === afterBlankCr;
  }

  /** Between the events `head` and `end`. */
  get isInBody(): boolean {
    return this.#phase >= inSizedBody && this.#phase <= inEndlessBody;
  }

  /** How many bytes that were pushed are not read yet. */
  get available(): number {
    return this.#chunk.length - this.#at;
  }

  /** Only after `more`; throws an Error otherwise. The chunk belongs to the parser, and its pieces to who gets them. */
  push(chunk: Uint8Array): void {
    if (this.#at < this.#chunk.length) throw new Error('the parser has bytes left: push only after it said more');
    this.#chunk = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#at = 0;
  }

  /** Reads on to the next event. */
  next(): ParserEvent {
    switch (this.#phase) {
      case inHead:
        return this.#readHead();
      case inSizedBody:
        return this.#readSizedBody();
      case inChunkedBody:
        return this.#readChunkedBody();
      case inEndlessBody:
        return this.#readEndlessBody();
      case atEnd:
        return this.#end();
      case failed:
        return parserEvent.failed;
      default:
        return this.#begin();
    }
  }

  /** The bytes that are not read yet, for who takes the connection over after a head; the parser is of no use then. */
  rest(): Uint8Array {
    const rest = this.#chunk.subarray(this.#at);
    this.#release();
    return rest;
  }

  /** Forgets everything, for another connection. */
  reset(): void {
    this.trailers = undefined;
    this.#phase = idle;
    this.#drop();
  }

  /**
   * To be called when the peer sends no more and `next` has said `more`. False: a message was cut. True: that is where one
   * may end; for content that goes on until the close, `next` says `end` now.
   */
  finish(): boolean {
    if (this.#phase === inEndlessBody) this.#phase = atEnd;
    return this.isIdle || this.#phase === atEnd;
  }

  #begin(): ParserEvent {
    const chunk = this.#chunk;
    while (this.#at < chunk.length) {
      const byte = chunk[this.#at]!;
      // RFC 9112 section 2.2: old clients send an empty line behind a body.
      if (this.#phase === idle && byte === cr && this.#skipsBlankLine) this.#phase = afterBlankCr;
      else if (this.#phase !== afterBlankCr) {
        this.#phase = inHead;
        return this.#readHead();
      } else if (byte === lf) this.#phase = afterBlankLine;
      else return this.#fail({ status: 400, what: 'a CR is not followed by LF' });
      this.#at++;
    }
    return this.#more();
  }

  #readHead(): ParserEvent {
    if (this.#kept !== undefined || this.#at === this.#chunk.length) return this.#readKeptHead();
    const chunk = this.#chunk;
    const base = this.#at;
    const { maxHeaderBytes } = this.#limits;
    const scanner = this.#scanner;
    scanner.begin();
    const stop = Math.min(chunk.length, base + maxHeaderBytes);
    const at = scanner.scan(chunk, base, stop, base);
    if (at === needsMore) {
      if (stop - base === maxHeaderBytes) return this.#tooLong();
      this.#kept = new KeptBytes();
      this.#kept.append(chunk, base, stop);
      return this.#more();
    }
    const head = at >= 0 ? scanner.head(chunk, base, at) : undefined;
    if (head === undefined) return this.#fail(scanner.failure!);
    this.#at = at;
    return this.#gotHead(head);
  }

  #readKeptHead(): ParserEvent {
    const chunk = this.#chunk;
    if (this.#at === chunk.length) return this.#more();
    const scanner = this.#scanner;
    const kept = this.#kept!;
    const before = kept.size;
    const { maxHeaderBytes } = this.#limits;
    kept.append(chunk, this.#at, Math.min(chunk.length, this.#at + maxHeaderBytes - before));
    const at = scanner.scan(kept.bytes, before, kept.size, 0);
    if (at === needsMore) return kept.size === maxHeaderBytes ? this.#tooLong() : this.#more();
    const head = at >= 0 ? scanner.head(kept.bytes, 0, at) : undefined;
    if (head === undefined) return this.#fail(scanner.failure!);
    this.#kept = undefined;
    this.#at += at - before;
    return this.#gotHead(head);
  }

  #gotHead(head: H): ParserEvent {
    this.head = head;
    this.trailers = undefined;
    const length = head.bodyLength;
    if (length >= 0) {
      this.#left = length;
      this.#phase = inSizedBody;
    } else if (length === chunkedBody) {
      this.#chunked = new ChunkedBody(this.#limits);
      this.#phase = inChunkedBody;
    } else this.#phase = inEndlessBody;
    return parserEvent.head;
  }

  #readSizedBody(): ParserEvent {
    if (this.#left === 0) return this.#end();
    const from = this.#at;
    const length = Math.min(this.#left, this.#chunk.length - from);
    if (length === 0) return this.#more();
    this.body = this.#chunk.subarray(from, from + length);
    this.#at = from + length;
    this.#left -= length;
    return parserEvent.body;
  }

  #readChunkedBody(): ParserEvent {
    const chunked = this.#chunked!;
    const from = chunked.read(this.#chunk, this.#at);
    if (from === needsMore) return this.#more();
    if (from < 0) return this.#fail(chunked.failure!);
    this.#at = chunked.at;
    if (chunked.isComplete) {
      this.trailers = chunked.trailers;
      this.#chunked = undefined;
      return this.#end();
    }
    this.body = this.#chunk.subarray(from, chunked.at);
    return parserEvent.body;
  }

  #readEndlessBody(): ParserEvent {
    if (this.#at === this.#chunk.length) return this.#more();
    this.body = this.#chunk.subarray(this.#at);
    this.#at = this.#chunk.length;
    return parserEvent.body;
  }

  #end(): ParserEvent {
    this.#phase = idle;
    return parserEvent.end;
  }

  #more(): ParserEvent {
    this.#release();
    return parserEvent.more;
  }

  #release(): void {
    this.#chunk = noBytes;
    this.#at = 0;
    this.body = noBytes;
  }

  #tooLong(): ParserEvent {
    return this.#fail({ status: 431, what: `the head is longer than ${this.#limits.maxHeaderBytes}` });
  }

  #fail(failure: ParseFailure): ParserEvent {
    this.failure = failure;
    this.#phase = failed;
    this.#drop();
    return parserEvent.failed;
  }

  #drop(): void {
    this.#chunked = undefined;
    this.#kept = undefined;
    this.#release();
  }
}
