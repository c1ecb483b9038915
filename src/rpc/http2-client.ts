import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { UniversalClientRequest, UniversalClientResponse } from '@connectrpc/connect/protocol';
import type { StatusError } from '../errors/index.ts';
import { markUnsent } from '../guard/index.ts';
import { drained } from './http2-drained.ts';
import type { NodeLease } from './node-session.ts';
import { RpcErrors } from './rpc-errors.ts';

/**
 * One request over a connection, as the protocol library wants it. The end of the request's signal resets the stream, so
 * that the server stops working; what it fails with is a StatusError. `authority` is what the server is asked for by, where that is not
 * its address.
 */
export function request(
  lease: NodeLease,
  { url, method, header, body, signal }: UniversalClientRequest,
  authority?: string,
): Promise<UniversalClientResponse> {
  const { pathname, search, host } = new URL(url);
  const head = {
    ':method': method,
    ':path': pathname + search,
    ':authority': authority ?? host,
    ...Object.fromEntries(header),
  };
  const stream = lease.request(head, body === undefined);
  return new Exchange(stream, body, signal).response;
}

class Exchange {
  readonly response: Promise<UniversalClientResponse>;
  readonly #stream: ClientHttp2Stream;
  readonly #trailer = new Headers();
  /** Why the stream is ended by this side, or what it failed with. */
  #failure: unknown;
  /** Both sides have ended it in order. */
  #isComplete = false;

  constructor(stream: ClientHttp2Stream, body: AsyncIterable<Uint8Array> | undefined, signal: AbortSignal | undefined) {
    this.#stream = stream;
    const abort = () => this.#reset(signal?.reason);
    stream.on('error', (error) => {
      this.#failure ??= failureOf(stream, error);
    });
    stream.on('trailers', (headers) => appendTo(this.#trailer, headers));
    stream.once('close', () => signal?.removeEventListener('abort', abort));
    this.response = new Promise((resolve, reject) => {
      stream.once('response', (headers) => {
        const header = new Headers();
        appendTo(header, headers);
        resolve({ status: headers[':status'] ?? 0, header, body: this.#chunks(), trailer: this.#trailer });
      });
      stream.once('close', () => reject(this.#failure ?? failureOf(stream, undefined)));
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    if (body !== undefined) void this.#send(body);
  }

  #reset(reason: unknown): void {
    // The library also aborts what has gone well; a reset then would be one too many for each call.
    if (this.#isComplete) return;
    this.#failure ??= reason;
    const stream = this.#stream;
    stream.close(constants.NGHTTP2_CANCEL);
    // With bytes that nobody will read it would stay, and with it its connection.
    stream.destroy();
  }

  async #send(body: AsyncIterable<Uint8Array>): Promise<void> {
    const stream = this.#stream;
    try {
      for await (const chunk of body) {
        if (stream.closed || stream.destroyed) return;
        if (!stream.write(chunk)) await drained(stream);
      }
      if (!stream.closed && !stream.destroyed) stream.end();
    } catch (error) {
      this.#reset(error);
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    const stream = this.#stream;
    let finished = false;
    try {
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
      finished = true;
    } catch (error) {
      finished = true;
      throw this.#failure ?? failureOf(stream, error);
    } finally {
      // Left early: the server must learn that nobody reads on.
      if (!finished) this.#reset(undefined);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (stream.rstCode !== undefined && stream.rstCode !== constants.NGHTTP2_NO_ERROR)
      throw failureOf(stream, undefined);
    // The answer is whole before the request is: the server wants no more of it.
    if (!stream.writableFinished) this.#reset(undefined);
    this.#isComplete = true;
  }
}

/** What the end of a stream without an answer means for its caller. */
function failureOf(stream: ClientHttp2Stream, cause: unknown): StatusError {
  const options = { cause };
  switch (stream.rstCode) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return markUnsent(
        RpcErrors.STREAM_REFUSED('the node takes no more calls on this connection', options),
        'transport',
      );
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return RpcErrors.TOO_MANY_CALLS('the node refused the call: too many bytes of headers or calls at once', options);
    case constants.NGHTTP2_HTTP_1_1_REQUIRED:
      return RpcErrors.METHOD_NOT_FOUND('the node has no such method', options);
    default:
      return RpcErrors.CONNECTION_LOST('the connection or the call was ended before the answer was whole', options);
  }
}

function appendTo(target: Headers, headers: IncomingHttpHeaders): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const text of typeof value === 'object' ? value : [value]) target.append(name, text);
  }
}
