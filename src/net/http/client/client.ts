import { fieldsOf, writeFields, writeTimeoutMs } from '../../../call/index.ts';
import type { Context } from '../../../concurrency/index.ts';
import * as errors from '../../../errors/index.ts';
import { chain, type Handler, instrument, type MethodInfo, type Middleware } from '../../../service/index.ts';
import type { HttpMethod } from '../request.ts';
import { HttpResponse } from './response.ts';

export interface HttpClientOptions {
  /** What relative addresses are resolved against. Default: none; every address must then be whole. */
  readonly baseUrl?: string;
  /** The longest a call may take, with its body; the earlier of this and the Context's deadline holds; 0: no limit of its own. Default: 15,000. */
  readonly timeoutMs?: number;
  /** The largest body of an answer, decompressed. Default: 4 MiB. */
  readonly maxResponseBytes?: number;
  /** Whether the travelling fields and the deadline are sent. False for servers of others. Default: true. */
  readonly sendFields?: boolean;
  /** Wraps each call, outermost first. Telemetry is inside of them, so that each try has a span. Default: none. */
  readonly middleware?: readonly Middleware[];
}

export interface HttpClientRequest {
  /** Default: GET. */
  readonly method?: HttpMethod;
  /** Whole, or relative to `baseUrl`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and strings are sent as they are, anything else as JSON. Default: none. */
  readonly body?: unknown;
  /** The name in telemetry; never put an id into it. Default: the method alone. */
  readonly operation?: string;
}

/** Calls servers over HTTP. Safe to share; holds nothing that must be closed. */
export interface HttpClient {
  /**
   * The answer, if its status is below 400 (redirects are not followed). Throws the StatusError that an error answer
   * says; `unavailable` (CONNECTION_FAILED) if there is none; the Context's error if it ends first, which also cancels
   * the request; `resource_exhausted` (RESPONSE_TOO_LARGE).
   */
  request(ctx: Context, request: HttpClientRequest): Promise<HttpResponse>;
  /** GET, and the JSON of the answer. */
  getJson(ctx: Context, url: string, options?: Omit<HttpClientRequest, 'url' | 'method' | 'body'>): Promise<unknown>;
  /** POST of JSON, and the JSON of the answer; undefined if it has no body. */
  postJson(
    ctx: Context,
    url: string,
    body: unknown,
    options?: Omit<HttpClientRequest, 'url' | 'method' | 'body'>,
  ): Promise<unknown>;
}

/** A client over the platform's fetch. Throws a TypeError for a `baseUrl` that is none. */
export function client(options: HttpClientOptions = {}): HttpClient {
  const calls = new FetchClient(options);
  return {
    request: (ctx, request) => calls.request(ctx, request),
    getJson: async (ctx, url, more) => (await calls.request(ctx, { ...more, url })).json(),
    async postJson(ctx, url, body, more) {
      const response = await calls.request(ctx, { ...more, method: 'POST', url, body });
      return response.body.length === 0 ? undefined : response.json();
    },
  };
}

type Send = Handler<HttpClientRequest, HttpResponse>;

/** More names than this in one client are a mistake (an id in a name): the rest share the method's. */
const maxOperations = 200;

class FetchClient {
  readonly #options: Required<Omit<HttpClientOptions, 'baseUrl'>>;
  readonly #base: URL | undefined;
  readonly #sends = new Map<string, Send>();

  constructor(options: HttpClientOptions) {
    const { timeoutMs = 15_000, maxResponseBytes = 4 * 1024 * 1024, sendFields = true, middleware = [] } = options;
    this.#base = options.baseUrl === undefined ? undefined : parseUrl(options.baseUrl, undefined);
    this.#options = { timeoutMs, maxResponseBytes, sendFields, middleware };
  }

  request(ctx: Context, request: HttpClientRequest): Promise<HttpResponse> {
    const method = request.method ?? 'GET';
    const name = request.operation ?? method;
    const key = `${method} ${name}`;
    let send = this.#sends.get(key);
    if (send === undefined) {
      const isFull = this.#sends.size >= maxOperations;
      if (isFull && name !== method) return this.request(ctx, { ...request, operation: method });
      send = this.#compose(method, name);
      this.#sends.set(key, send);
    }
    return send(ctx, request);
  }

  #compose(method: HttpMethod, name: string): Send {
    const { timeoutMs, middleware } = this.#options;
    const info: MethodInfo = {
      service: this.#base?.host ?? '',
      method: name,
      kind: 'unary',
      side: 'client',
      transport: 'http',
      idempotent: method !== 'POST' && method !== 'PATCH',
      timeoutMs,
    };
    const send: Send = (ctx, request) => this.#send(ctx, method, request);
    const observed = chain([...middleware, instrument])(send, info);
    if (timeoutMs === 0) return observed;
    return async (parent, request) => {
      using ctx = parent.withTimeout(timeoutMs);
      return await observed(ctx, request);
    };
  }

  async #send(ctx: Context, method: HttpMethod, request: HttpClientRequest): Promise<HttpResponse> {
    ctx.throwIfDone();
    const url = parseUrl(request.url, this.#base);
    const source = `${method} ${url.origin}${url.pathname}`;
    const { body, headers } = encode(request);
    if (this.#options.sendFields) {
      const set = (name: string, value: string) => headers.set(name, value);
      writeFields(fieldsOf(ctx), set);
      writeTimeoutMs(ctx, set);
    }
    let response: HttpResponse;
    try {
      const init = {
        method,
        headers,
        redirect: 'manual',
        signal: ctx.signal,
        ...(body !== undefined && { body }),
      } as const;
      response = await this.#receive(source, await fetch(url, init));
    } catch (error) {
      ctx.throwIfDone();
      throw errors.isStatusError(error) ? error : unreachable(source, error);
    }
    if (response.status >= 400) throw errors.fromBody(tryJson(response), response.status);
    return response;
  }

  async #receive(source: string, response: Response): Promise<HttpResponse> {
    const { maxResponseBytes } = this.#options;
    const headers: Record<string, string> = Object.create(null);
    for (const [name] of response.headers) headers[name] = response.headers.get(name) ?? '';
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      // Leaving the loop cancels the body, and with it the connection.
      if (size > maxResponseBytes) throw tooLarge(source, maxResponseBytes);
      chunks.push(chunk);
    }
    const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
    return new HttpResponse(source, response.status, headers, whole);
  }
}

function parseUrl(url: string, base: URL | undefined): URL {
  const parsed = URL.parse(url, base?.href);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(
      `http.client: "${url}" is not an http(s) address${base === undefined ? ', and there is no baseUrl' : ''}`,
    );
  }
  return parsed;
}

interface Encoded {
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  readonly headers: Headers;
}

function encode({ body, headers: given }: HttpClientRequest): Encoded {
  const headers = new Headers(given);
  if (body === undefined || typeof body === 'string') return { body, headers };
  if (body instanceof Uint8Array) return { body: body as Uint8Array<ArrayBuffer>, headers };
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return { body: JSON.stringify(body), headers };
}

function tryJson(response: HttpResponse): unknown {
  try {
    return response.json();
  } catch {
    return undefined;
  }
}

function unreachable(source: string, error: unknown): errors.StatusError {
  // fetch says "fetch failed"; what failed is in the cause.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why =
    cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause);
  return new errors.StatusError('unavailable', `${source}: ${why}`, { reason: 'CONNECTION_FAILED', cause: error });
}

function tooLarge(source: string, maxBytes: number): errors.StatusError {
  return new errors.StatusError('resource_exhausted', `${source} answered with more than ${maxBytes} bytes`, {
    reason: 'RESPONSE_TOO_LARGE',
    metadata: { maxBytes: String(maxBytes) },
  });
}
