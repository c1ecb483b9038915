import { type PeerCertificate, wireNames } from '../../../call/index.ts';
import type { Awaitable } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { peerCertificateOf } from '../../tcp/index.ts';
import { errorReply } from '../reply/error-reply.ts';
import type { HttpHeaders } from '../request.ts';
import type { Connection } from './connection.ts';
import type { Exchange, ExchangeListener, ReplyWriter, Upgraded } from './exchange.ts';
import type { RequestHead } from './head.ts';
import { HeaderName, maskOf } from './header-name.ts';
import { encodeText, headerLines } from './reply-lines.ts';
import { Http1ReplyWriter } from './reply-writer.ts';
import { clientLeft, type RequestBody, tooLarge } from './request-body.ts';

/** A body that nobody read and that is not longer than this is dropped; for a longer one the connection is closed. */
const cheapToDrop = 64 * 1024;
/** Bodies below this go out as part of one text with their head; a copy costs less than a second buffer in the write. */
const maxInlineBytes = 4 * 1024;
/** A body above this is given to the kernel piece by piece, so that a client's progress can be seen. */
const maxPieceBytes = 64 * 1024;

/**
 * One request of a connection and its answer. Answers go out in the order of the requests: what is written before its turn
 * waits in `queued`.
 */
export class Http1Exchange implements Exchange {
  declare readonly head: RequestHead;
  declare readonly connection: Connection;
  /** The next request of the connection, while this one is not answered. */
  declare next: Http1Exchange | undefined;
  declare listener: ExchangeListener | undefined;
  /** The body while it arrives; undefined where there is none, or where it came with the head. */
  declare receiver: RequestBody | undefined;
  /** A body that came with the head. */
  declare arrived: Uint8Array | undefined;
  declare isComplete: boolean;
  /** The head of the answer is written. */
  declare isAnswering: boolean;
  declare isAnswered: boolean;
  /** The answer says that the connection closes after it. */
  declare isLast: boolean;
  declare awaitsContinue: boolean;
  declare receivedTrailers: HttpHeaders | undefined;
  declare startedAt: number;
  declare writer: Http1ReplyWriter | undefined;
  queued: (string | Uint8Array)[] | undefined;

  constructor(connection: Connection, head: RequestHead, startedAt: number) {
    this.connection = connection;
    this.head = head;
    this.next = undefined;
    this.listener = undefined;
    this.receiver = undefined;
    this.arrived = undefined;
    this.isComplete = false;
    this.isAnswering = false;
    this.isAnswered = false;
    this.isLast = false;
    this.awaitsContinue = false;
    this.receivedTrailers = undefined;
    this.startedAt = startedAt;
    this.writer = undefined;
    this.queued = undefined;
  }

  get method(): string {
    return this.head.method;
  }

  get target(): string {
    return this.head.target;
  }

  get version(): string {
    return this.head.minor === 1 ? '1.1' : '1.0';
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  get peer(): PeerCertificate | undefined {
    return peerCertificateOf(this.connection.wire.socket);
  }

  get contentLength(): number | undefined {
    return this.head.contentLength;
  }

  get mayUpgrade(): boolean {
    // What is still to come of its body would be taken for the other protocol.
    return this.head.upgrade && this.isComplete;
  }

  get hasFields(): boolean {
    return this.head.hasAny(fieldsMask);
  }

  header(name: string): string | undefined {
    return this.head.header(name);
  }

  headers(): HttpHeaders {
    return this.head.headers();
  }

  trailers(): HttpHeaders {
    return this.receivedTrailers ?? noTrailers;
  }

  readBody(maxBytes: number): Awaitable<Uint8Array> {
    this.#expectBody(maxBytes);
    const { arrived, receiver } = this;
    if (receiver !== undefined) return receiver.readWhole(maxBytes);
    this.arrived = undefined;
    return arrived ?? empty;
  }

  bodyChunks(maxBytes: number): AsyncIterable<Uint8Array> {
    this.#expectBody(maxBytes);
    const { arrived, receiver } = this;
    if (receiver !== undefined) return receiver.readPieces(maxBytes);
    this.arrived = undefined;
    return once(arrived);
  }

  respond(status: number, headers: readonly string[], body: string | Uint8Array | undefined): void {
    if (this.isAnswering) return;
    const isBodiless = status === 204 || status === 304;
    const content = isBodiless || body === undefined ? '' : typeof body === 'string' ? encodeText(body) : body;
    const head = this.#begin(status, headers);
    const text = isBodiless ? `${head}\r\n` : `${head}content-length: ${content.length}\r\n\r\n`;
    if (this.head.method === 'HEAD' || content.length === 0) {
      this.write(text);
    } else if (typeof content === 'string') {
      this.#writeText(text, content);
      return;
    } else if (content.length <= maxInlineBytes) {
      this.write(text + latin1(content));
    } else {
      this.write(text);
      this.#writeBytes(content);
      return;
    }
    this.finish();
  }

  open(status: number, headers: readonly string[]): ReplyWriter {
    if (this.isAnswering) throw new TypeError('the answer has begun already');
    const length = lengthIn(headers);
    // RFC 9112, section 6.3: these end with their head, whatever it says.
    const isBodiless = status === 204 || status === 304;
    const isChunked = length === undefined && this.head.minor === 1 && !isBodiless;
    const hasContent = !isBodiless && this.head.method !== 'HEAD';
    if (length === undefined && !isChunked && hasContent) this.isLast = true;
    const head = this.#begin(status, headers);
    this.write(isChunked ? `${head}transfer-encoding: chunked\r\n\r\n` : `${head}\r\n`);
    this.writer = new Http1ReplyWriter(this, hasContent, isChunked, length);
    return this.writer;
  }

  upgrade(headers: readonly string[]): Upgraded {
    this.isAnswering = true;
    return this.connection.upgrade(
      `HTTP/1.1 101 Switching Protocols\r\n${headerLines(headers)}connection: upgrade\r\n\r\n`,
      this.listener,
    );
  }

  abort(): void {
    this.connection.wire.destroy();
  }

  /** Sends 400 and the like for a request that turned out to be broken while it was being worked on. */
  reject(error: StatusError): void {
    const { status, headers, body } = errorReply(error);
    const { listener } = this;
    this.isLast = true;
    this.respond(status, headers, body);
    this.listener = listener;
    this.cut(error);
  }

  /** The connection is lost, or the request will never be complete. */
  cut(error: StatusError = clientLeft()): void {
    this.receiver?.fail(error);
    this.writer?.wake();
    const { listener } = this;
    this.listener = undefined;
    listener?.onAbort();
  }

  /** In the order of the requests; what comes before its turn is kept. */
  write(data: string | Uint8Array): boolean {
    if (this.connection.first === this) return this.connection.wire.write(data);
    this.queued ??= [];
    this.queued.push(data);
    return false;
  }

  /** The answer is written. */
  finish(): void {
    this.isAnswered = true;
    this.listener = undefined;
    if (!this.isComplete && this.receiver?.isUnread === true) this.receiver.drop();
    this.connection.answered(this);
  }

  #begin(status: number, headers: readonly string[]): string {
    this.isAnswering = true;
    if (this.#mustClose()) this.isLast = true;
    return this.connection.replyHead(this, status, headers);
  }

  /** Whether what is still to come of the request is too much to read for nothing. */
  #mustClose(): boolean {
    if (this.isComplete) return false;
    const { contentLength } = this.head;
    const isRead = this.receiver?.isUnread === false;
    return isRead || this.awaitsContinue || contentLength === undefined || contentLength > cheapToDrop;
  }

  #expectBody(maxBytes: number): void {
    if ((this.head.contentLength ?? 0) > maxBytes) throw tooLarge(maxBytes);
    if (!this.awaitsContinue) return;
    this.awaitsContinue = false;
    if (!this.isAnswering) this.write('HTTP/1.1 100 Continue\r\n\r\n');
  }

  #writeText(head: string, content: string): void {
    if (content.length > maxPieceBytes) {
      this.write(head);
      this.#writeBytes(Buffer.from(content, 'latin1'));
      return;
    }
    this.write(head + content);
    this.finish();
  }

  #writeBytes(content: Uint8Array): void {
    if (content.length <= maxPieceBytes) {
      this.write(content);
      this.finish();
      return;
    }
    this.writer = new Http1ReplyWriter(this, true, false, content.length);
    void this.#pump(content, this.writer);
  }

  async #pump(content: Uint8Array, writer: Http1ReplyWriter): Promise<void> {
    for (let at = 0; at < content.length; at += maxPieceBytes) {
      if (this.connection.isClosed) return;
      const taken = writer.write(content.subarray(at, at + maxPieceBytes));
      if (taken !== undefined) await taken;
    }
    writer.end();
  }
}

const empty = new Uint8Array(0);
const noTrailers: HttpHeaders = Object.freeze(Object.create(null));
const fieldsMask = maskOf(Object.values(wireNames).map((name) => new HeaderName(name)));

async function* once(body: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (body !== undefined && body.length > 0) yield body;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function lengthIn(headers: readonly string[]): number | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === 'content-length') return Number(headers[i + 1]);
  return undefined;
}
