import type { Context } from '../../concurrency/index.ts';
import { checkServerUrl } from '../../discovery/index.ts';
import { codeOfHttpStatus, from, StatusError } from '../../errors/index.ts';
import { type HttpClient, type HttpClientTls, client as httpClient } from '../../net/http/index.ts';

export interface NacosClientOptions {
  readonly urls: readonly string[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: HttpClientTls | undefined;
  /** Which server is asked first, as a number from 0 to below 1. */
  readonly random: () => number;
}

export type Params = Readonly<Record<string, string | number | boolean>>;

/** A server that does not answer within this is away. */
const timeoutMs = 3_000;
/** What another server may answer, or the same one later. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'deadline_exceeded', 'data_loss', 'internal', 'unknown']);

/** Nacos' open API on several servers: one after the other is asked until one answers. */
export class NacosClient {
  readonly #urls: readonly string[];
  readonly #options: NacosClientOptions;
  readonly #http: HttpClient;
  #current: number;
  #token: string | undefined;

  constructor(options: NacosClientOptions) {
    const { urls, tls, random } = options;
    if (urls.length === 0) throw new TypeError('nacosRegistry: give at least one URL');
    const advice = 'give username and password as options';
    this.#urls = urls.map((url) => checkServerUrl('nacosRegistry: url', url, 'http://127.0.0.1:8848', advice));
    this.#options = options;
    this.#current = Math.floor(random() * urls.length);
    this.#http = httpClient({
      timeoutMs: 0,
      maxResponseBytes: 64 * 1024 * 1024,
      sendFields: false,
      guard: false,
      ...(tls !== undefined && { tls }),
    });
  }

  get name(): string {
    return `nacos at ${this.#urls.join(', ')}`;
  }

  /** The JSON of the answer, without the wrapping of version 2. */
  async call(ctx: Context, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, params: Params): Promise<unknown> {
    // One more than there are servers: a token that has expired takes one.
    for (let left = this.#urls.length; ; left--) {
      const index = this.#current;
      const hadToken = this.#token !== undefined;
      try {
        return await this.#callAt(ctx, this.#urls[index]!, method, path, params);
      } catch (error) {
        const { code } = from(error);
        if (left <= 0 || ctx.err() !== undefined) throw error;
        const isTokenOld = hadToken && (code === 'permission_denied' || code === 'unauthenticated');
        if (isTokenOld) this.#token = undefined;
        else if (!passing.has(code)) throw error;
        else if (this.#current === index) this.#current = (index + 1) % this.#urls.length;
      }
    }
  }

  close(ctx: Context): Promise<void> {
    return this.#http.close(ctx);
  }

  async #callAt(
    parent: Context,
    base: string,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    params: Params,
  ): Promise<unknown> {
    using ctx = parent.withTimeout(timeoutMs);
    if (this.#options.username !== undefined) this.#token ??= await this.#signIn(ctx, base);
    return await this.#ask(ctx, method, base, path, params);
  }

  async #ask(
    ctx: Context,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    base: string,
    path: string,
    params: Params,
  ): Promise<unknown> {
    const form = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)]));
    const isForm = method === 'POST' || method === 'PUT';
    const response = await this.#http.request(ctx, {
      method,
      url: isForm ? `${base}${path}` : `${base}${path}?${form}`,
      headers: {
        ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      },
      body: isForm ? form.toString() : undefined,
      acceptErrors: true,
      operation: `${method} nacos`,
    });
    if (response.status >= 400) throw refusal(response.status, path, response.text());
    const answer: unknown = response.json();
    const { code, data, message } = record(answer);
    // A beat is answered without wrapping; its codes are its caller's.
    if (typeof code !== 'number' || 'clientBeatInterval' in record(answer)) return answer;
    if (code !== 0) throw failure(code, `${String(message)} ${String(data ?? '')}`.trim());
    return data;
  }

  async #signIn(ctx: Context, base: string): Promise<string> {
    const { username = '', password = '' } = this.#options;
    const path = '/nacos/v1/auth/login';
    const { accessToken } = record(await this.#ask(ctx, 'POST', base, path, { username, password }));
    if (typeof accessToken === 'string') return accessToken;
    throw new StatusError('data_loss', 'nacos: the answer to the login has no token', { reason: 'NACOS_REFUSED' });
  }
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function refusal(status: number, path: string, text: string): StatusError {
  const { code, data, message } = record(parsed(text));
  if (typeof code === 'number' && status < 500 && status !== 403) return failure(code, String(data ?? message));
  // A server that has just started, or lost its leader, answers 500 and 503.
  const known = status >= 500 || status === 429 ? 'unavailable' : codeOfHttpStatus(status);
  return new StatusError(known, `nacos: ${status} from ${path}: ${text.slice(0, 200)}`, { reason: 'NACOS_REFUSED' });
}

/** The error codes of version 2. */
function failure(code: number, said: string): StatusError {
  const known =
    code === 10001
      ? 'permission_denied'
      : code === 20004 || code === 21003 || code === 21008
        ? 'not_found'
        : code >= 30000
          ? 'unavailable'
          : 'invalid_argument';
  return new StatusError(known, `nacos: ${code} ${said.slice(0, 200)}`, {
    reason: 'NACOS_REFUSED',
    metadata: { code: String(code) },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
