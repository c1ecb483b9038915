import type { Buffer } from 'node:buffer';
import { FieldScanner } from './field-scanner.ts';
import { Fields } from './fields.ts';
import { fact } from './framing.ts';
import { headFlag, RequestHead } from './head.ts';
import { authorityOf, isHost, KnownHosts } from './host.ts';
import { KnownSection } from './known-section.ts';
import { chunkedBody, type HeadScanner } from './message-parser.ts';
import type { ParseFailure } from './parse-failure.ts';
import type { ParserLimits } from './parser-limits.ts';
import { RequestLine } from './request-line.ts';

const connect = 'CONNECT';
const slash = 47;

/** Scans the head of a request and checks it as a whole. One serves many heads, but one at a time. */
export class RequestScanner implements HeadScanner<RequestHead> {
  failure: ParseFailure | undefined = undefined;
  readonly #limits: ParserLimits;
  readonly #line = new RequestLine();
  readonly #fields = new FieldScanner();
  readonly #known = new KnownSection();
  readonly #hosts = new KnownHosts();
  #isInFields = false;
  #isKnown = false;
  /** Where the fields begin, relative to the head. */
  #lineEnd = 0;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  begin(): void {
    this.failure = undefined;
    this.#isInFields = false;
    this.#isKnown = false;
    this.#line.begin(this.#limits.maxTargetBytes ?? this.#limits.maxHeaderBytes);
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
      const length = this.#known.match(bytes, at, end);
      if (length > 0) {
        this.#isKnown = true;
        return at + length;
      }
      this.#lineEnd = at - base;
      this.#fields.begin(at - base, this.#limits.maxHeaders, false);
    }
    at = this.#fields.scan(bytes, at, end, base);
    if (at < 0) this.failure = this.#fields.failure;
    return at;
  }

  head(bytes: Buffer, base: number, end: number): RequestHead | undefined {
    const { methodEnd, targetEnd, minor } = this.#line;
    const known = this.#known;
    const common = methodOf(bytes, base, methodEnd);
    if (this.#isKnown) {
      const line = bytes.toString('latin1', base, base + targetEnd);
      const method = common ?? line.slice(0, methodEnd);
      const target = line.slice(methodEnd + 1);
      return this.#checked(method, target, minor, known.host, known.fields!, known.facts, known.contentLength);
    }
    const { framing, marks, count, mask } = this.#fields;
    const { facts, contentLength } = framing;
    const text = bytes.toString('latin1', base, end);
    const method = common ?? text.slice(0, methodEnd);
    const target = text.slice(methodEnd + 1, targetEnd);
    const fields = new Fields(text, marks, count, mask);
    const { hostStart, hostEnd } = framing;
    const host = hostStart === 0 ? '' : this.#hosts.take(text, hostStart, hostEnd);
    if (host === undefined) return this.#fail('the Host is not one host and port');
    const head = this.#checked(method, target, minor, host, fields, facts, contentLength);
    if (head !== undefined) known.learn(bytes, base + this.#lineEnd, end, fields, host, facts, contentLength);
    return head;
  }

  #checked(
    method: string,
    target: string,
    minor: number,
    host: string,
    fields: Fields,
    facts: number,
    contentLength: number,
  ): RequestHead | undefined {
    const isChunked = (facts & fact.isChunked) !== 0;
    let flags = 0;
    if (minor === 1) {
      if (host === '') return this.#fail('there is no Host');
      if ((facts & fact.closes) === 0) flags = headFlag.keepAlive;
      if ((facts & rareFacts) !== 0) flags |= rareFlags(facts);
    } else {
      if (isChunked) return this.#fail('there is a Transfer-Encoding in HTTP/1.0');
      if ((facts & (fact.closes | fact.keepsAlive)) === fact.keepsAlive) flags = headFlag.keepAlive;
    }
    if (target.charCodeAt(0) !== slash || method === connect) {
      if (!isTargetFor(method, target, host)) return this.#fail('the target has no form that the method may have');
      if (method === connect && (facts & (fact.isChunked | fact.hasLength)) !== 0) {
        return this.#fail('a CONNECT has no content');
      }
    }
    return new RequestHead(method, target, minor, host, fields, isChunked ? chunkedBody : contentLength, flags);
  }

  #fail(what: string): undefined {
    this.failure = { status: 400, what };
    return undefined;
  }
}

const rareFacts = fact.expectsContinue | fact.expectsOther | fact.upgrades;

function rareFlags(facts: number): number {
  let flags = 0;
  if ((facts & fact.expectsOther) !== 0) flags |= headFlag.unknownExpectation;
  else if ((facts & fact.expectsContinue) !== 0) flags |= headFlag.expectsContinue;
  if ((facts & fact.upgrades) !== 0 && (facts & fact.hasUpgrade) !== 0) flags |= headFlag.upgrade;
  return flags;
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
