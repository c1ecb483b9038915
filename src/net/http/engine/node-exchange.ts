import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../concurrency/index.ts';
import { StatusError } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';
import type { HttpHeaders } from '../request.ts';
import type { Exchange, ReplyWriter } from './exchange.ts';

/** A body that nobody read and that is not longer than this is dropped; for a longer one the connection is closed. */
const cheapToDrop = 64 * 1024;
/** How much of a longer one, and how long, is read before that, so that the client gets to read the answer. */
const lingerBytes = 16 * 1024 * 1024;
const lingerMs = 1000;

/** A request and response of node:http as an Exchange. */
export class NodeExchange implements Exchange {
  readonly contentLength: number | undefined;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #clock: Clock;
  #onAbort: (() => void) | undefined;
  #awaitsContinue: boolean;
  #isRead = false;

  /** `awaitsContinue`: the client waits for a 100 before it sends the body; it gets one when somebody reads. */
  constructor(req: IncomingMessage, res: ServerResponse, clock: Clock, awaitsContinue: boolean) {
    this.#awaitsContinue = awaitsContinue;
    this.#req = req;
    this.#res = res;
    this.#clock = clock;
    const length = req.headers['content-length'];
    const isChunked = req.headers['transfer-encoding'] !== undefined;
    this.contentLength = isChunked ? undefined : length === undefined ? 0 : Number(length);
  }

  get method(): string {
    return this.#req.method ?? '';
  }

  get target(): string {
    return this.#req.url ?? '';
  }

  get version(): string {
    return this.#req.httpVersion;
  }

  get remoteAddress(): string {
    return this.#req.socket.remoteAddress ?? '';
  }

  get headerCount(): number {
    return this.#req.rawHeaders.length / 2;
  }

  /** Whether the request is still arriving. */
  get isReceiving(): boolean {
    return !this.#req.complete;
  }

  get isAnswering(): boolean {
    return this.#res.headersSent;
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name];
    return typeof value === 'string' ? value : undefined;
  }

  headers(): HttpHeaders {
    const { headers } = this.#req;
    const copy: Record<string, string> = Object.create(null);
    for (const name in headers) {
      const value = headers[name];
      if (value !== undefined) copy[name] = typeof value === 'string' ? value : value.join(', ');
    }
    return copy;
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    const refusal = this.#begin(maxBytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const req = this.#req;
      const chunks: Buffer[] = [];
      let size = 0;
      const collect = (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size <= maxBytes) return;
        req.off('data', collect).pause();
        reject(tooLarge(maxBytes));
      };
      req.on('data', collect);
      req.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
      req.once('close', () => reject(clientLeft()));
      req.once('error', () => reject(clientLeft()));
    });
  }

  bodyChunks(maxBytes: number): AsyncIterable<Uint8Array> {
    if ((this.contentLength ?? 0) > maxBytes) throw tooLarge(maxBytes);
    return this.#chunks(maxBytes);
  }

  async *#chunks(maxBytes: number): AsyncIterable<Uint8Array> {
    const refusal = this.#begin(maxBytes);
    if (refusal !== undefined) throw refusal;
    let size = 0;
    try {
      for await (const chunk of this.#req.iterator({ destroyOnReturn: false })) {
        size += chunk.length;
        if (size > maxBytes) throw tooLarge(maxBytes);
        yield chunk;
      }
    } catch (error) {
      throw error instanceof StatusError ? error : clientLeft();
    }
  }

  onAbort(fn: () => void): void {
    this.#onAbort = fn;
  }

  respond(status: number, headers: readonly string[], body: string | Uint8Array | undefined): void {
    const res = this.#res;
    if (res.headersSent || res.destroyed) return;
    const bodiless = status === 204 || status === 304;
    const length = bodiless ? [] : ['content-length', String(body === undefined ? 0 : Buffer.byteLength(body))];
    const linger = this.#mustLinger();
    if (linger) res.shouldKeepAlive = false;
    res.writeHead(status, [...headers, ...length]);
    if (!linger) {
      res.end(bodiless ? undefined : body);
      return;
    }
    // The whole answer goes out now; the end, which closes the connection, waits until the client has read it.
    if (body !== undefined && !bodiless) res.write(body);
    else res.flushHeaders();
    this.#linger(() => res.end());
  }

  open(status: number, headers: readonly string[]): ReplyWriter {
    const res = this.#res;
    if (this.#mustLinger()) res.shouldKeepAlive = false;
    res.writeHead(status, [...headers]);
    res.flushHeaders();
    return {
      write(chunk) {
        if (res.destroyed || res.write(chunk)) return undefined;
        return new Promise((resolve) => {
          const go = () => {
            res.off('drain', go);
            res.off('close', go);
            resolve();
          };
          res.on('drain', go);
          res.on('close', go);
        });
      },
      end: () => void res.end(),
      abort: () => void this.#req.socket.destroy(),
    };
  }

  /** Closes the connection after this answer, unless that is out already: its client may be sending the next request. */
  closeAfter(): void {
    if (!this.#res.writableEnded) this.#res.shouldKeepAlive = false;
  }

  get isLast(): boolean {
    return !this.#res.shouldKeepAlive;
  }

  /** The answer is complete, or the connection is gone. */
  closed(): void {
    if (!this.#res.writableFinished) this.abandon();
  }

  /** Tells whoever works on the answer that nobody waits for it. */
  abandon(): void {
    this.#onAbort?.();
  }

  #begin(maxBytes: number): StatusError | undefined {
    if ((this.contentLength ?? 0) > maxBytes) return tooLarge(maxBytes);
    if (this.#req.destroyed && !this.#req.complete) return clientLeft();
    this.#isRead = true;
    if (this.#awaitsContinue) this.#res.writeContinue();
    this.#awaitsContinue = false;
    return undefined;
  }

  #mustLinger(): boolean {
    if (this.#req.complete || this.contentLength === 0) return false;
    return this.#isRead || this.#awaitsContinue || this.contentLength === undefined || this.contentLength > cheapToDrop;
  }

  #linger(done: () => void): void {
    const req = this.#req;
    let left = lingerBytes;
    const end = () => {
      timer.stop();
      req.off('end', end).off('close', end).off('data', count);
      done();
    };
    const count = (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) end();
    };
    const timer = this.#clock.after(lingerMs, end);
    req.on('data', count).once('end', end).once('close', end);
    req.resume();
  }
}

function tooLarge(maxBytes: number): StatusError {
  return HttpErrors.BODY_TOO_LARGE(`the body is larger than ${maxBytes} bytes, the most that this route takes`, {
    metadata: { maxBytes: String(maxBytes) },
  });
}

function clientLeft(): StatusError {
  return new StatusError('canceled', 'the client closed the connection', { reason: 'CLIENT_CLOSED' });
}
