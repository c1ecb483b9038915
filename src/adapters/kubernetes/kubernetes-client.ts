import { readFile } from 'node:fs/promises';
import { background, type Context } from '../../concurrency/index.ts';
import { checkServerUrl } from '../../discovery/index.ts';
import { codeOfHttpStatus, StatusError } from '../../errors/index.ts';
import { type HttpClient, client as httpClient, jsonLines } from '../../net/http/index.ts';
import { record, text } from './slices.ts';

export interface KubernetesClientOptions {
  readonly url: string;
  /** Read anew when it may have been rotated. Undefined: none. */
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
}

const timeoutMs = 10_000;
/** Projected tokens are renewed at four fifths of an hour or more: a minute is often enough to look. */
const rereadMs = 60_000;

/** Reads from the API server as a pod does: with its service account's token and the cluster's certificate authority. */
export class KubernetesClient {
  readonly url: string;
  readonly #tokenFile: string | undefined;
  readonly #caFile: string | undefined;
  #http: HttpClient | undefined;
  #headers: Readonly<Record<string, string>> = {};
  #ca: string | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor({ url, tokenFile, caFile }: KubernetesClientOptions) {
    const advice = 'the API server takes tokens only';
    this.url = checkServerUrl('kubernetesRegistry: url', url, 'https://kubernetes.default.svc', advice);
    this.#tokenFile = tokenFile;
    this.#caFile = caFile;
  }

  async get(parent: Context, path: string): Promise<Readonly<Record<string, unknown>>> {
    using ctx = parent.withTimeout(timeoutMs);
    const http = await this.#client(ctx);
    const request = { url: this.url + path, headers: this.#headers, acceptErrors: true, operation: 'GET kubernetes' };
    const response = await http.request(ctx, request);
    if (response.status >= 400) throw this.#refusal(response.status, response.text());
    return record(response.json());
  }

  /** The events of a watch, until the server ends it, which it does after some minutes. */
  async *watch(ctx: Context, path: string, idleTimeoutMs: number): AsyncGenerator<unknown, void, undefined> {
    const http = await this.#client(ctx);
    await using response = await http.stream(ctx, {
      url: this.url + path,
      headers: this.#headers,
      acceptErrors: true,
      timeoutMs,
      idleTimeoutMs,
      operation: 'GET kubernetes watch',
    });
    if (response.status >= 400) {
      for await (const answer of jsonLines(response.body)) throw this.#refusal(response.status, JSON.stringify(answer));
      throw this.#refusal(response.status, '');
    }
    yield* jsonLines(response.body);
  }

  async close(ctx: Context): Promise<void> {
    this.#isClosed = true;
    await this.#http?.close(ctx);
  }

  /** Looks at the files again after a minute, and after a refusal. */
  async #client(ctx: Context): Promise<HttpClient> {
    const now = ctx.clock.now();
    if (this.#http === undefined || now - this.#readAt >= rereadMs) {
      const token = this.#tokenFile === undefined ? '' : (await readFile(this.#tokenFile, 'utf8')).trim();
      const ca = this.#caFile === undefined ? undefined : await readFile(this.#caFile, 'utf8');
      this.#headers = token === '' ? {} : { authorization: `Bearer ${token}` };
      this.#readAt = now;
      if (this.#http === undefined || ca !== this.#ca) this.#replaceClient(ca);
    }
    return this.#http!;
  }

  /** Watches on the old one go on to their end. */
  #replaceClient(ca: string | undefined): void {
    if (this.#isClosed) throw new StatusError('canceled', 'the registry was closed', { reason: 'REGISTRY_CLOSED' });
    void this.#http?.close(background());
    this.#ca = ca;
    this.#http = httpClient({
      timeoutMs: 0,
      maxResponseBytes: 64 * 1024 * 1024,
      // Each watch holds one for as long as it lasts.
      maxConnectionsPerOrigin: 4_096,
      sendFields: false,
      guard: false,
      ...(ca !== undefined && { tls: { ca } }),
    });
  }

  #refusal(status: number, body: string): StatusError {
    if (status === 401) this.#readAt = Number.NEGATIVE_INFINITY;
    const said = text(record(parsed(body)).message) || body;
    // What was seen is too old, or too new for a server that was set back. 429: too many requests.
    const isOutOfRange = status === 410 || /too large resource version/i.test(said);
    const isForLater = status >= 500 || status === 429;
    const code = isOutOfRange ? 'out_of_range' : isForLater ? 'unavailable' : codeOfHttpStatus(status);
    return new StatusError(code, `kubernetes: ${status} ${said.slice(0, 200)}`, { reason: 'KUBERNETES_REFUSED' });
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
