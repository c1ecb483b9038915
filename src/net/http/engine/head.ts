import { Fields } from './fields.ts';

/** The head of a request: syntactically right, its framing beyond doubt. Immutable; it holds none of the bytes it came in. */
export class RequestHead extends Fields {
  readonly method: string;
  /** As it came: visible ASCII in a form that suits the method (RFC 9112 section 3.2). */
  readonly target: string;
  /** Of HTTP/1.x: 0 or 1. */
  readonly minor: number;
  /** The Host field, one host with or without a port; '' where an HTTP/1.0 request has none. */
  readonly host: string;
  /** Of the body; 0 where there is none, undefined where it is sent in chunks. */
  readonly contentLength: number | undefined;
  /** Whether the connection may be used after this request, by its version and Connection. */
  readonly keepAlive: boolean;
  /** `Expect: 100-continue`, of HTTP/1.1. */
  readonly expectsContinue: boolean;
  /** An Expect that nobody can meet (RFC 9110 section 10.1.1: 417). */
  readonly hasUnknownExpectation: boolean;
  /** There is an Upgrade field, Connection names it, and it is HTTP/1.1. */
  readonly upgrade: boolean;

  constructor(
    text: string,
    marks: readonly number[],
    mask: number,
    method: string,
    target: string,
    minor: number,
    host: string,
    contentLength: number | undefined,
    flags: number,
  ) {
    super(text, marks, mask);
    this.method = method;
    this.target = target;
    this.minor = minor;
    this.host = host;
    this.contentLength = contentLength;
    this.keepAlive = (flags & headFlag.keepAlive) !== 0;
    this.expectsContinue = (flags & headFlag.expectsContinue) !== 0;
    this.hasUnknownExpectation = (flags & headFlag.unknownExpectation) !== 0;
    this.upgrade = (flags & headFlag.upgrade) !== 0;
  }

  get isChunked(): boolean {
    return this.contentLength === undefined;
  }
}

export const headFlag = { keepAlive: 1, expectsContinue: 2, unknownExpectation: 4, upgrade: 8 } as const;
