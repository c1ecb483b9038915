import type { Dispatcher } from 'undici';
import { pushBackHeader, refusedHeader, withPushBack } from '../../../call/index.ts';
import type { Context } from '../../../concurrency/index.ts';
import * as errors from '../../../errors/index.ts';
import { markUnsent } from '../../../guard/index.ts';
import type { Settings } from './client-options.ts';
import type { Connection } from './connection.ts';
import { codingOf, decompress } from './decompress.ts';
import type { Exchange, RawHeaders } from './exchange.ts';
import { connectionFailed, tooLarge } from './failure.ts';
import { type Outgoing, writeCall } from './outgoing.ts';
import type { ConnectionPool } from './pool.ts';
import { redirected, tooManyRedirects } from './redirect.ts';
import { HttpResponse, headOf } from './response.ts';
import { StreamExchange, type StreamHead } from './stream-exchange.ts';
import { type RawAnswer, WholeExchange } from './whole-exchange.ts';

/** An answer of which the head has come. */
export interface OpenAnswer extends StreamHead {
  readonly outgoing: Outgoing;
  readonly body: StreamExchange;
}

/** Sends requests over pooled connections and follows redirects. Errors are those of `HttpClient.request`. */
export class Transport {
  readonly #settings: Settings;
  readonly #pool: ConnectionPool;

  constructor(settings: Settings, pool: ConnectionPool) {
    this.#settings = settings;
    this.#pool = pool;
  }

  /** The whole answer, if its status is below 400 or errors are accepted. */
  async request(ctx: Context, first: Outgoing): Promise<HttpResponse> {
    let outgoing = first;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#whole(ctx, outgoing);
      const next = this.#next(outgoing, answer.status, answer.headers.location, redirects);
      if (next !== undefined) outgoing = next;
      else if (answer.status < 400 || outgoing.acceptsErrors) return this.#read(outgoing, answer);
      else throw errorOf(await this.#read(outgoing, answer));
    }
  }

  /** The answer as soon as its head has come, if its status is below 400. `headCtx` ends the wait for it. */
  async open(headCtx: Context, ctx: Context, first: Outgoing, idleTimeoutMs: number): Promise<OpenAnswer> {
    let outgoing = first;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#open(headCtx, ctx, outgoing, idleTimeoutMs);
      const { status, headers, body } = answer;
      const next = this.#next(outgoing, status, headers.location, redirects);
      if (next !== undefined) {
        await body.return();
        outgoing = next;
      } else if (status >= 400 && !outgoing.acceptsErrors) {
        throw errorOf(await this.#read(outgoing, { status, headers, body: await this.#collect(outgoing, body) }));
      } else {
        body.handOver(ctx);
        return answer;
      }
    }
  }

  #next(outgoing: Outgoing, status: number, location: string | string[] | undefined, redirects: number) {
    const { maxRedirects } = this.#settings;
    if (maxRedirects === 0 || status < 300 || status >= 400) return undefined;
    const next = redirected(outgoing, status, typeof location === 'string' ? location : undefined);
    if (next !== undefined && redirects === maxRedirects) throw tooManyRedirects(outgoing.source, maxRedirects);
    return next;
  }

  #whole(ctx: Context, outgoing: Outgoing): Promise<RawAnswer> {
    return this.#try(ctx, ctx, outgoing, (connection, release) => {
      return new WholeExchange(ctx, outgoing, connection, this.#settings, release);
    });
  }

  async #open(headCtx: Context, ctx: Context, outgoing: Outgoing, idleTimeoutMs: number): Promise<OpenAnswer> {
    const { maxHeaderBytes } = this.#settings;
    let body: StreamExchange | undefined;
    const head = await this.#try(headCtx, ctx, outgoing, (connection, release) => {
      body = new StreamExchange(headCtx, outgoing, connection, { maxHeaderBytes, idleTimeoutMs }, release);
      return body;
    });
    return { ...head, outgoing, body: body! };
  }

  /**
   * One exchange; a second one on a fresh connection if the first had one that the server closed before it saw the
   * request. That is no retry of the call, which is for its callers to decide: the server has done nothing yet.
   */
  async #try<T>(
    ctx: Context,
    callCtx: Context,
    outgoing: Outgoing,
    make: (connection: Connection, release: (connection: Connection) => void) => Exchange<T>,
  ): Promise<T> {
    for (let isRetry = false; ; isRetry = true) {
      let exchange: Exchange<T> | undefined;
      try {
        ctx.throwIfDone();
        const pool = this.#pool.of(outgoing.url);
        const acquired = pool.acquire(ctx, isRetry);
        const connection = acquired instanceof Promise ? await acquired : acquired;
        // Waiting for a connection took its time, and no timer fires while a program computes.
        if (acquired instanceof Promise && ctx.err() !== undefined) pool.release(connection);
        ctx.throwIfDone();
        if (outgoing.sendsFields) writeCall(callCtx, outgoing.headers);
        exchange = make(connection, pool.release);
        connection.dispatch(optionsOf(outgoing), exchange);
        return await exchange.promise;
      } catch (error) {
        ctx.throwIfDone();
        if (!isRetry && exchange?.mayRepeat === true) continue;
        outgoing.stream?.stop();
        if (errors.isStatusError(error) || exchange !== undefined) throw error;
        // Without another node to go to at once it is as if the server had refused it: a second try waits and is paid for.
        throw markUnsent(connectionFailed(outgoing.source, error), outgoing.hasOthers ? 'transport' : 'server');
      }
    }
  }

  /** The rest of an error's body. */
  async #collect({ source }: Outgoing, body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const { maxResponseBytes } = this.#settings;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > maxResponseBytes) throw tooLarge(source, 'bytes', maxResponseBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  }

  #read(outgoing: Outgoing, { status, headers, body }: RawAnswer): HttpResponse | Promise<HttpResponse> {
    const { source } = outgoing;
    const coding = codingOfAnswer(outgoing, headers);
    if (coding === undefined || body.length === 0)
      return new HttpResponse(source, status, headOf(headers, false), body);
    return decompress(source, coding, body, this.#settings.maxResponseBytes).then(
      (decoded) => new HttpResponse(source, status, headOf(headers, true), decoded),
    );
  }
}

/** What the answer's body is to be decompressed by; undefined if it is to be left as it is. */
export function codingOfAnswer(outgoing: Outgoing, headers: RawHeaders): string | undefined {
  return outgoing.isDecoded ? codingOf(headers['content-encoding']) : undefined;
}

function optionsOf({ method, url, headers, body, stream }: Outgoing): Dispatcher.DispatchOptions {
  return {
    method,
    path: url.pathname + url.search,
    headers: headers as Dispatcher.DispatchOptions['headers'] & object,
    // undici takes async iterables, and the name that TLS is to ask for: a Host header must not change it on the way.
    ...({ body: stream ?? body, servername: url.hostname } as object),
  };
}

function errorOf(response: HttpResponse): errors.StatusError {
  let body: unknown;
  try {
    body = response.json();
  } catch {
    // Not one of ours: then the status says what it is.
  }
  const error = withPushBack(
    errors.fromBody(body, response.status),
    pushBackHeader((name) => response.header(name)),
  );
  return response.header(refusedHeader) === undefined ? error : markUnsent(error, 'server');
}
