import type { ReplyWriter } from './exchange.ts';
import type { Http1Exchange } from './http1-exchange.ts';
import { encodeText, headerLines } from './reply-lines.ts';

/** The body of an answer, in chunks (RFC 9112, section 7.1), or as it is where its length is known or the connection's end ends it. */
export class Http1ReplyWriter implements ReplyWriter {
  readonly #exchange: Http1Exchange;
  /** The answer has content: it is neither to a HEAD nor a 204 or 304. */
  readonly #hasContent: boolean;
  readonly #isChunked: boolean;
  /** What the head promised and has not been written. */
  #left: number | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(exchange: Http1Exchange, hasContent: boolean, isChunked: boolean, length: number | undefined) {
    this.#exchange = exchange;
    this.#hasContent = hasContent;
    this.#isChunked = isChunked;
    this.#left = length;
  }

  write(chunk: string | Uint8Array): Promise<void> | undefined {
    const exchange = this.#exchange;
    const { connection } = exchange;
    const data = typeof chunk === 'string' ? encodeText(chunk) : chunk;
    // An empty chunk would end the body.
    if (connection.isClosed || exchange.isAnswered || data.length === 0 || !this.#hasContent) return undefined;
    if (this.#left !== undefined) {
      this.#left -= data.length;
      if (this.#left < 0) {
        this.abort();
        return undefined;
      }
    }
    const hasRoom = this.#isChunked ? this.#writeChunk(data) : exchange.write(data);
    if (hasRoom) return undefined;
    this.#drained ??= Promise.withResolvers();
    connection.onBlocked();
    return this.#drained.promise;
  }

  end(trailers: readonly string[] = []): void {
    const exchange = this.#exchange;
    if (exchange.connection.isClosed || exchange.isAnswered) return;
    if (this.#left !== undefined && this.#left > 0 && this.#hasContent) {
      this.abort();
      return;
    }
    if (this.#isChunked && this.#hasContent) {
      const wanted = trailers.length > 0 && /\btrailers\b/i.test(exchange.header('te') ?? '');
      exchange.write(wanted ? `0\r\n${headerLines(trailers)}\r\n` : '0\r\n\r\n');
    }
    exchange.finish();
  }

  abort(): void {
    this.#exchange.connection.wire.destroy();
  }

  /** The wire has room again, or is gone, or it is this answer's turn. */
  wake(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.resolve();
  }

  #writeChunk(data: string | Uint8Array): boolean {
    const exchange = this.#exchange;
    const size = data.length.toString(16);
    if (typeof data === 'string') return exchange.write(`${size}\r\n${data}\r\n`);
    exchange.write(`${size}\r\n`);
    exchange.write(data);
    return exchange.write('\r\n');
  }
}
