import type { Context } from '../../concurrency/index.ts';
import { checkServerUrl } from '../../discovery/index.ts';
import { type Code, codeOfHttpStatus, StatusError } from '../../errors/index.ts';
import { type HttpClient, type HttpClientTls, type HttpResponse, client as httpClient } from '../../net/http/index.ts';

export interface ConsulClientOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly tls: HttpClientTls | undefined;
}

/** A request that does not wait for news is answered within this, or the agent is away. */
const timeoutMs = 3_000;

/** The agent's HTTP API. Failures are StatusErrors. */
export class ConsulClient {
  readonly url: string;
  readonly #http: HttpClient;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, token, tls }: ConsulClientOptions) {
    this.url = checkServerUrl('consulRegistry: url', url, 'http://127.0.0.1:8500', 'give the token as an option');
    this.#headers = token === undefined ? {} : { 'x-consul-token': token };
    this.#http = httpClient({
      baseUrl: this.url,
      timeoutMs: 0,
      maxResponseBytes: 64 * 1024 * 1024,
      // Each watch holds one for as long as it lasts.
      maxConnectionsPerOrigin: 4_096,
      sendFields: false,
      guard: false,
      ...(tls !== undefined && { tls }),
    });
  }

  async put(ctx: Context, path: string, body?: object): Promise<void> {
    await this.#ask(ctx, 'PUT', path, body, timeoutMs);
  }

  async get(ctx: Context, path: string, waitMs = 0): Promise<HttpResponse> {
    // The agent adds up to a sixteenth to what it was asked to wait.
    return this.#ask(ctx, 'GET', path, undefined, waitMs * 1.1 + timeoutMs);
  }

  close(ctx: Context): Promise<void> {
    return this.#http.close(ctx);
  }

  async #ask(
    parent: Context,
    method: 'GET' | 'PUT',
    url: string,
    body: object | undefined,
    limitMs: number,
  ): Promise<HttpResponse> {
    using ctx = parent.withTimeout(limitMs);
    const request = { method, url, headers: this.#headers, body, acceptErrors: true, operation: `${method} consul` };
    const response = await this.#http.request(ctx, request);
    if (response.status < 400) return response;
    const said = response.text().trim().slice(0, 200) || 'no reason';
    throw new StatusError(codeOf(response.status, said), `consul: ${said}`, {
      reason: 'CONSUL_REFUSED',
      metadata: { status: String(response.status) },
    });
  }
}

/** A check that the agent does not know is 404, and was 500 before Consul 1.11; too many requests (429) are for later. */
function codeOf(status: number, said: string): Code {
  if (status === 404 || /unknown (check|service)|does not have associated ttl/i.test(said)) return 'not_found';
  if (status === 429) return 'unavailable';
  return status >= 500 ? 'unavailable' : codeOfHttpStatus(status);
}
