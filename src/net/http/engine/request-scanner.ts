import type { Buffer } from 'node:buffer';
import { FieldScanner } from './field-scanner.ts';
import { Fields } from './fields.ts';
import { headFlag, RequestHead } from './head.ts';
import { authorityOf, isHost } from './host.ts';
import type { ParseFailure } from './parse-failure.ts';
import type { ParserLimits } from './parser-limits.ts';
import { RequestLine } from './request-line.ts';

const connect = 'CONNECT';

/** Scans the head of a request and checks it as a whole. One serves many heads, but one at a time. */
export class RequestScanner {
  failure: ParseFailure | undefined = undefined;
  readonly #limits: ParserLimits;
  readonly #line = new RequestLine();
  readonly #fields = new FieldScanner();
  #isInFields = false;
  /** The last Host that was accepted: almost all requests of a server have the same one. */
  #lastHost = '';

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  begin(): void {
    this.failure = undefined;
    this.#isInFields = false;
    this.#line.begin(this.#limits.maxTargetBytes ?? this.#limits.maxHeaderBytes);
  }

  /** Goes on at `from` in a head that begins at `base`. Returns the position after it, `needsMore` or `cannotGoOn`. */
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
    this.failure = this.#fields.failure;
    return at;
  }

  /** The head that has been scanned, or undefined: `failure` says why. */
  head(bytes: Buffer, base: number, end: number): RequestHead | undefined {
    const line = this.#line;
    const { framing, marks, count, mask } = this.#fields;
    const text = bytes.toString('latin1', base, end);
    const method = methodOf(bytes, base, line.methodEnd) ?? text.slice(0, line.methodEnd);
    const target = text.slice(line.methodEnd + 1, line.targetEnd);
    const host = text.slice(framing.hostStart, framing.hostEnd);
    const { minor } = line;
    if (host !== this.#lastHost || host === '') {
      if (host === '' && (minor === 1 || framing.hostStart > 0)) return this.#fail(400, 'there is no Host');
      if (host !== '' && !isHost(host)) return this.#fail(400, 'the Host is not one host and port');
      this.#lastHost = host;
    }
    if (text.charCodeAt(line.methodEnd + 1) !== 47 || method === connect) {
      if (!isTargetFor(method, target, host)) return this.#fail(400, 'the target has no form that the method may have');
    }
    if (framing.isChunked && minor === 0) return this.#fail(400, 'there is a Transfer-Encoding in HTTP/1.0');
    if (method === connect && (framing.isChunked || framing.contentLength !== undefined)) {
      return this.#fail(400, 'a CONNECT has no content');
    }
    const keepAlive = !framing.closes && (minor === 1 || framing.keepsAlive);
    const flags =
      (keepAlive ? headFlag.keepAlive : 0) |
      (minor === 1 && framing.expectsContinue && !framing.expectsOther ? headFlag.expectsContinue : 0) |
      (minor === 1 && framing.expectsOther ? headFlag.unknownExpectation : 0) |
      (minor === 1 && framing.upgrades ? headFlag.upgrade : 0);
    const contentLength = framing.isChunked ? undefined : (framing.contentLength ?? 0);
    return new RequestHead(method, target, minor, host, new Fields(text, marks, count, mask), contentLength, flags);
  }

  #fail(status: number, what: string): undefined {
    this.failure = { status, what };
    return undefined;
  }
}

/** The forms that RFC 9112 section 3.2 gives to methods, for all targets that do not begin with '/'. */
function isTargetFor(method: string, target: string, host: string): boolean {
  if (method === connect) return isHost(target) && /:\d+$/.test(target);
  if (target === '*') return method === 'OPTIONS';
  const authority = authorityOf(target);
  // Who sends the absolute form sends the same authority in Host; two hosts in one request are a way around a proxy.
  return (
    authority !== undefined && isHost(authority) && (host === '' || host.toLowerCase() === authority.toLowerCase())
  );
}

/** One string per known method, so that comparing them costs nothing; undefined for others. */
function methodOf(bytes: Uint8Array, at: number, length: number): string | undefined {
  let name: string;
  switch (bytes[at]) {
    case 71:
      name = 'GET';
      break;
    case 72:
      name = 'HEAD';
      break;
    case 80:
      name = length === 3 ? 'PUT' : length === 4 ? 'POST' : 'PATCH';
      break;
    case 68:
      name = 'DELETE';
      break;
    case 79:
      name = 'OPTIONS';
      break;
    case 67:
      name = connect;
      break;
    default:
      return undefined;
  }
  if (name.length !== length) return undefined;
  for (let i = 1; i < length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return undefined;
  return name;
}
