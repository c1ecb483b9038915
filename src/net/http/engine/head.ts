import type { HttpHeaders } from '../request.ts';
import type { Fields } from './fields.ts';
import type { HeaderName } from './header-name.ts';

/** The head of a request: syntactically right, its framing beyond doubt. Immutable; it holds none of the bytes it came in. */
export class RequestHead {
  readonly method: string;
  /** As it came: visible ASCII in a form that suits the method (RFC 9112 section 3.2). */
  readonly target: string;
  /** Of HTTP/1.x: 0 or 1. */
  readonly minor: number;
  /** The Host field, one host with or without a port; '' where an HTTP/1.0 request has none. */
  readonly host: string;
  readonly fields: Fields;
  /** 0 where there is no body, -1 where it is sent in chunks. */
  readonly bodyLength: number;
  readonly #flags: number;

  constructor(
    method: string,
    target: string,
    minor: number,
    host: string,
    fields: Fields,
    bodyLength: number,
    flags: number,
  ) {
    this.method = method;
    this.target = target;
    this.minor = minor;
    this.host = host;
    this.fields = fields;
    this.bodyLength = bodyLength;
    this.#flags = flags;
  }

  get isChunked(): boolean {
    return this.bodyLength < 0;
  }

  /** Of the body; 0 where there is none, undefined where it is sent in chunks. */
  get contentLength(): number | undefined {
    return this.bodyLength < 0 ? undefined : this.bodyLength;
  }

  /** Whether the connection may be used after this request, by its version and Connection. */
  get keepAlive(): boolean {
    return (this.#flags & headFlag.keepAlive) !== 0;
  }

  /** `Expect: 100-continue`, of HTTP/1.1. */
  get expectsContinue(): boolean {
    return (this.#flags & headFlag.expectsContinue) !== 0;
  }

  /** An Expect that nobody can meet (RFC 9110 section 10.1.1: 417). */
  get hasUnknownExpectation(): boolean {
    return (this.#flags & headFlag.unknownExpectation) !== 0;
  }

  /** There is an Upgrade field, Connection names it, and it is HTTP/1.1. */
  get upgrade(): boolean {
    return (this.#flags & headFlag.upgrade) !== 0;
  }

  /** How many lines of fields there are. */
  get count(): number {
    return this.fields.count;
  }

  hasAny(mask: number): boolean {
    return this.fields.hasAny(mask);
  }

  has(name: HeaderName): boolean {
    return this.fields.has(name);
  }

  get(name: HeaderName): string | undefined {
    return this.fields.get(name);
  }

  header(name: string): string | undefined {
    return this.fields.header(name);
  }

  headers(): HttpHeaders {
    return this.fields.headers();
  }
}

export const headFlag = { keepAlive: 1, expectsContinue: 2, unknownExpectation: 4, upgrade: 8 } as const;
