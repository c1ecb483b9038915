import type { Fields } from './fields.ts';
import { chunkedBody, endlessBody } from './message-parser.ts';

/** The head of a response: syntactically right, its framing beyond doubt. Immutable; it holds none of the bytes it came in. */
export class ResponseHead {
  /** 100 to 999. One below 200 is not the answer yet, except 101. */
  readonly status: number;
  /** One character per byte; most often of no interest. */
  readonly reason: string;
  /** Of HTTP/1.x: 0 or 1. */
  readonly minor: number;
  readonly fields: Fields;
  /** What follows on this connection: so many bytes, -1: chunks, -2: everything up to the close. */
  readonly bodyLength: number;
  /** What Content-Length says, also where no body follows, as of an answer to HEAD. */
  readonly contentLength: number | undefined;
  /** Whether the connection may be used after this response. */
  readonly keepAlive: boolean;
  /** There is an Upgrade field and Connection names it. */
  readonly upgrade: boolean;

  constructor(
    status: number,
    reason: string,
    minor: number,
    fields: Fields,
    bodyLength: number,
    contentLength: number | undefined,
    keepAlive: boolean,
    upgrade: boolean,
  ) {
    this.status = status;
    this.reason = reason;
    this.minor = minor;
    this.fields = fields;
    this.bodyLength = bodyLength;
    this.contentLength = contentLength;
    this.keepAlive = keepAlive;
    this.upgrade = upgrade;
  }

  get isChunked(): boolean {
    return this.bodyLength === chunkedBody;
  }

  /** The content goes on until the connection is closed. */
  get isEndless(): boolean {
    return this.bodyLength === endlessBody;
  }
}
