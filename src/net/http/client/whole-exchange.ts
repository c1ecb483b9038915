import type { Context } from '../../../concurrency/index.ts';
import type { Connection } from './connection.ts';
import { Exchange, type RawHeaders } from './exchange.ts';
import { tooLarge } from './failure.ts';
import type { Outgoing } from './outgoing.ts';

/** An answer as it came: still compressed. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

const empty = new Uint8Array(0);
const tinyBytes = 512;
const maxTinyChunks = 256;

/** Collects the whole answer, as long as it is not too large. */
export class WholeExchange extends Exchange<RawAnswer> {
  readonly #maxBytes: number;
  #status = 0;
  #headers: RawHeaders = {};
  #first: Uint8Array = empty;
  #chunks: Uint8Array[] | undefined;
  #size = 0;
  /** At the end of `#chunks`. */
  #tinyChunks = 0;

  constructor(
    ctx: Context,
    outgoing: Outgoing,
    connection: Connection,
    limits: { readonly maxHeaderBytes: number; readonly maxResponseBytes: number },
    release: (connection: Connection) => void,
  ) {
    super(ctx, outgoing, connection, limits.maxHeaderBytes, release);
    this.#maxBytes = limits.maxResponseBytes;
  }

  protected onHead(status: number, headers: RawHeaders): void {
    this.#status = status;
    this.#headers = headers;
    const hasBody = this.outgoing.method !== 'HEAD' && status !== 304;
    if (hasBody && Number(headers['content-length']) > this.#maxBytes) this.#refuse();
  }

  protected onBytes(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) this.#refuse();
    else if (this.#size === chunk.length) this.#first = chunk;
    else if (this.#chunks === undefined) this.#chunks = [this.#first, chunk];
    else this.#append(this.#chunks, chunk);
  }

  /** Tiny chunks, each of which would cost more than its bytes, are put together every so often. */
  #append(chunks: Uint8Array[], chunk: Uint8Array): void {
    chunks.push(chunk);
    this.#tinyChunks = chunk.length < tinyBytes ? this.#tinyChunks + 1 : 0;
    if (this.#tinyChunks < maxTinyChunks) return;
    chunks.push(Buffer.concat(chunks.splice(-maxTinyChunks)));
    this.#tinyChunks = 0;
  }

  protected onEnd(): void {
    const body = this.#chunks === undefined ? this.#first : Buffer.concat(this.#chunks, this.#size);
    this.settle({ status: this.#status, headers: this.#headers, body });
  }

  #refuse(): void {
    this.fail(tooLarge(this.outgoing.source, 'bytes', this.#maxBytes));
  }
}
