import type { Buffer } from 'node:buffer';
import { FieldScanner } from './field-scanner.ts';
import { Fields } from './fields.ts';
import { fact } from './framing.ts';
import { chunkedBody, endlessBody, type HeadScanner } from './message-parser.ts';
import type { ParseFailure } from './parse-failure.ts';
import type { ParserLimits } from './parser-limits.ts';
import { ResponseHead } from './response-head.ts';
import { StatusLine } from './status-line.ts';

/** Scans the head of a response and decides how its body ends (RFC 9112 section 6.3). */
export class ResponseScanner implements HeadScanner<ResponseHead> {
  failure: ParseFailure | undefined = undefined;
  /** Of the request that the next response answers. */
  requestMethod = 'GET';
  readonly #limits: ParserLimits;
  readonly #line = new StatusLine();
  readonly #fields = new FieldScanner();
  #isInFields = false;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  begin(): void {
    this.failure = undefined;
    this.#isInFields = false;
    this.#line.begin();
  }

  scan(bytes: Uint8Array, from: number, end: number, base: number): number {
    let at = from;
    if (!this.#isInFields) {
      at = this.#line.scan(bytes, at, end, base);
      if (at < 0) {
        this.failure = this.#line.failure;
        return at;
      }
      this.#isInFields = true;
      this.#fields.begin(at - base, this.#limits.maxHeaders, false);
    }
    at = this.#fields.scan(bytes, at, end, base);
    if (at < 0) this.failure = this.#fields.failure;
    return at;
  }

  head(bytes: Buffer, base: number, end: number): ResponseHead | undefined {
    const { status, minor, reasonStart, reasonEnd } = this.#line;
    const { framing, marks, count, mask } = this.#fields;
    const { facts } = framing;
    const text = bytes.toString('latin1', base, end);
    const contentLength = (facts & fact.hasLength) !== 0 ? framing.contentLength : undefined;
    const isChunked = (facts & fact.isChunked) !== 0;
    if (isChunked && minor === 0) return this.#fail('there is a Transfer-Encoding in HTTP/1.0');
    if (status < 200 || status === 204) {
      // Whoever overlooks the status would take the next response for content (RFC 9110 section 8.6, RFC 9112 section 6.1).
      if (isChunked || (contentLength ?? 0) > 0) return this.#fail('a response with 1xx or 204 has no content');
    }
    const upgrade = (facts & (fact.upgrades | fact.hasUpgrade)) === (fact.upgrades | fact.hasUpgrade);
    if (status === 101 && !upgrade) return this.#fail('a 101 does not say what it changes to');
    const closes = (facts & fact.closes) !== 0 || (minor === 0 && (facts & fact.keepsAlive) === 0);
    if (closes && status < 200) return this.#fail('a response with 1xx says that it is the last');
    const bodyLength = this.#bodyLength(status, isChunked, contentLength);
    const reason = text.slice(reasonStart, reasonEnd);
    const fields = new Fields(text, marks, count, mask);
    const keepAlive = !closes && bodyLength !== endlessBody;
    return new ResponseHead(status, reason, minor, fields, bodyLength, contentLength, keepAlive, upgrade);
  }

  #bodyLength(status: number, isChunked: boolean, contentLength: number | undefined): number {
    const isWithout = status < 200 || status === 204 || status === 304 || this.requestMethod === 'HEAD';
    if (isWithout || (this.requestMethod === 'CONNECT' && status < 300)) return 0;
    return isChunked ? chunkedBody : (contentLength ?? endlessBody);
  }

  #fail(what: string): undefined {
    this.failure = { status: 502, what };
    return undefined;
  }
}
