import type { Context } from '../../concurrency/index.ts';
import { checkServerUrl } from '../../discovery/index.ts';
import { codeOfGrpcStatus, from, isStatusError, StatusError } from '../../errors/index.ts';
import { type HttpClient, type HttpClientTls, client as httpClient, jsonLines } from '../../net/http/index.ts';
import { record, text } from './etcd-wire.ts';

/** Name and password, or a token that is made elsewhere. */
export type EtcdAuth = { readonly username: string; readonly password: string } | { readonly token: string };

export interface EtcdClientOptions {
  readonly endpoints: readonly string[];
  readonly auth?: EtcdAuth | undefined;
  readonly tls?: HttpClientTls | undefined;
  /** Which endpoint is asked first, as a number from 0 to below 1. */
  readonly random: () => number;
}

/** A request that does not wait for news is answered within this, or the member is away. */
const timeoutMs = 3_000;
const maxAnswerBytes = 64 * 1024 * 1024;
/** What another member may answer, or the same one later. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'deadline_exceeded', 'data_loss', 'internal', 'unknown']);

/** etcd's JSON gateway on several members: one after the other is asked until one answers. */
export class EtcdClient {
  readonly #endpoints: readonly string[];
  readonly #auth: EtcdAuth | undefined;
  readonly #http: HttpClient;
  #current: number;
  #token: string | undefined;

  constructor({ endpoints, auth, tls, random }: EtcdClientOptions) {
    if (endpoints.length === 0) throw new TypeError('etcdRegistry: give at least one endpoint');
    this.#endpoints = endpoints.map(checkEndpoint);
    this.#auth = auth;
    this.#current = Math.floor(random() * endpoints.length);
    this.#http = httpClient({
      timeoutMs: 0,
      maxResponseBytes: maxAnswerBytes,
      // Each watch holds one for as long as it lasts.
      maxConnectionsPerOrigin: 4_096,
      sendFields: false,
      guard: false,
      ...(tls !== undefined && { tls }),
    });
  }

  get name(): string {
    return `etcd at ${this.#endpoints.join(', ')}`;
  }

  /** The answer of the first member that gives one. */
  call(ctx: Context, path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#atOne(ctx, async (endpoint) => record(await this.#post(ctx, endpoint, path, body)));
  }

  /** The messages of a streaming call, which ends with the connection or after `idleMs` of silence. */
  async *stream(
    ctx: Context,
    path: string,
    body: object,
    idleMs: number,
  ): AsyncGenerator<Readonly<Record<string, unknown>>, void, undefined> {
    const response = await this.#atOne(ctx, (endpoint) => this.#open(ctx, endpoint, path, body, idleMs));
    await using _leaving = response;
    try {
      for await (const line of jsonLines(response.body)) {
        const { result, error } = record(line);
        if (error !== undefined) throw this.#refusal(path, error);
        yield record(result);
      }
    } catch (error) {
      if (from(error).reason === 'CONNECTION_SILENT') return;
      // It took the request and broke: perhaps another member keeps to it.
      this.#current = (this.#current + 1) % this.#endpoints.length;
      throw error;
    }
  }

  close(ctx: Context): Promise<void> {
    return this.#http.close(ctx);
  }

  async #atOne<T>(ctx: Context, attempt: (endpoint: string) => Promise<T>): Promise<T> {
    // One more than there are members: a token that is not known any more takes one.
    for (let left = this.#endpoints.length; ; left--) {
      const index = this.#current;
      const hadToken = this.#token !== undefined;
      try {
        return await attempt(this.#endpoints[index]!);
      } catch (error) {
        const { code } = from(error);
        if (left <= 0 || ctx.err() !== undefined) throw error;
        // etcd 3.4.23 cuts the connection, without an answer, where it does not know the token.
        const isTokenOld = hadToken && (code === 'unauthenticated' || code === 'unavailable');
        if (isTokenOld) this.#token = undefined;
        if (!passing.has(code) && !isTokenOld) throw error;
        if (passing.has(code) && this.#current === index) this.#current = (index + 1) % this.#endpoints.length;
      }
    }
  }

  async #post(parent: Context, endpoint: string, path: string, body: object): Promise<unknown> {
    using ctx = parent.withTimeout(timeoutMs);
    const headers = await this.#headers(ctx, endpoint);
    return await this.#ask(ctx, endpoint, path, body, headers);
  }

  async #open(parent: Context, endpoint: string, path: string, body: object, idleTimeoutMs: number) {
    const headers = await this.#headersInTime(parent, endpoint);
    const response = await this.#http.stream(parent, {
      method: 'POST',
      url: endpoint + path,
      // A member that was cut off from the others ends its watches instead of keeping them without news.
      headers: { ...headers, 'grpc-metadata-hasleader': 'true' },
      body,
      timeoutMs,
      idleTimeoutMs,
      acceptErrors: true,
      operation: `POST etcd ${path}`,
    });
    if (response.status < 400) return response;
    await using _leaving = response;
    for await (const answer of jsonLines(response.body)) throw this.#refusal(path, answer);
    throw this.#refusal(path, {});
  }

  async #ask(
    ctx: Context,
    endpoint: string,
    path: string,
    body: object,
    headers: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    const request = { method: 'POST', url: endpoint + path, headers, body, acceptErrors: true } as const;
    const response = await this.#http.request(ctx, { ...request, operation: `POST etcd ${path}` });
    const answer = response.json();
    if (response.status >= 400) throw this.#refusal(path, answer);
    return answer;
  }

  /** A stream has no time limit, but what comes before it has. */
  async #headersInTime(parent: Context, endpoint: string): Promise<Readonly<Record<string, string>>> {
    using ctx = parent.withTimeout(timeoutMs);
    return await this.#headers(ctx, endpoint);
  }

  async #headers(ctx: Context, endpoint: string): Promise<Readonly<Record<string, string>>> {
    const auth = this.#auth;
    if (auth === undefined) return {};
    if ('token' in auth) return { authorization: auth.token };
    this.#token ??= await this.#authenticate(ctx, endpoint, auth);
    return this.#token === '' ? {} : { authorization: this.#token };
  }

  /** A new token; '' where etcd asks for none. */
  async #authenticate(ctx: Context, endpoint: string, auth: { username: string; password: string }): Promise<string> {
    const path = '/v3/auth/authenticate';
    try {
      const answer = await this.#ask(ctx, endpoint, path, { name: auth.username, password: auth.password }, {});
      return text(record(answer).token);
    } catch (error) {
      if (isStatusError(error) && error.code === 'failed_precondition') return '';
      if (isStatusError(error) && error.code === 'invalid_argument') {
        throw new StatusError('permission_denied', `etcd does not take the password of user "${auth.username}"`, {
          reason: 'ETCD_REFUSED',
          cause: error,
        });
      }
      throw error;
    }
  }

  /** `{ error, code, message }` of an answer, `{ grpc_code, message }` in a stream. */
  #refusal(path: string, answer: unknown): StatusError {
    const { code, grpc_code: grpcCode, message, error } = record(answer);
    const known = codeOfGrpcStatus(Number(grpcCode ?? code ?? 14));
    // Too many requests, no space: later.
    const status = known === 'resource_exhausted' ? 'unavailable' : known;
    const said = text(message) || text(error) || 'something else than an answer';
    return new StatusError(status, `${path.replace('/v3/', 'etcd: ')}: ${said.slice(0, 200)}`, {
      reason: 'ETCD_REFUSED',
    });
  }
}

function checkEndpoint(endpoint: string): string {
  const example = 'http://127.0.0.1:2379';
  const url = checkServerUrl('etcdRegistry: endpoint', endpoint, example, 'give it as the option auth');
  const { pathname, origin } = new URL(url);
  if (pathname === '/') return origin;
  throw new TypeError(`etcdRegistry: endpoint "${endpoint}" has a path; give it without, such as ${example}`);
}
