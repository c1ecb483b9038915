import type { Context } from '../concurrency/index.ts';
import { type HttpClient, client as httpClient } from '../net/http/index.ts';
import type { Instance } from './registry.ts';
import {
  type KnownInstances,
  type LeaseTerms,
  parseList,
  parseLists,
  parseTerms,
  type WireList,
  type WireLists,
  wirePaths,
} from './registry-wire.ts';
import { checkServerUrl } from './server-url.ts';

/** A request that does not wait for news is answered within this, or the registry is away. */
const timeoutMs = 3_000;
/** All lists of a registry that is as full as it may be by default. */
const maxListBytes = 64 * 1024 * 1024;

/** The calls of a registry over HTTP, one try each. Failures are StatusErrors: the registry's own, or `unavailable`. */
export class RegistryClient {
  readonly url: string;
  readonly #http: HttpClient;
  /** Each poll holds a connection for as long as it waits: heartbeats must not stand in line behind them. */
  readonly #polls: HttpClient;

  constructor(url: string) {
    this.url = checkServerUrl('httpRegistry: url', url, 'http://127.0.0.1:8081', 'this registry takes none');
    // Tries and pauses are the registry's own.
    const options = { baseUrl: this.url, timeoutMs: 0, sendFields: false, guard: false } as const;
    this.#http = httpClient(options);
    this.#polls = httpClient({ ...options, maxResponseBytes: maxListBytes, maxConnectionsPerOrigin: 4_096 });
  }

  async register(ctx: Context, instance: Instance, lease: string): Promise<LeaseTerms> {
    return parseTerms(await this.#call(ctx, 'POST', wirePaths.instances, { instance, lease }));
  }

  async renew(ctx: Context, { service, id }: Instance, lease: string): Promise<void> {
    await this.#call(ctx, 'POST', fill(wirePaths.renew, { service, id }), { lease });
  }

  async deregister(ctx: Context, { service, id }: Instance, lease: string): Promise<void> {
    await this.#call(ctx, 'DELETE', `${fill(wirePaths.instance, { service, id })}?lease=${lease}`);
  }

  /** Waits for the calls that run, until `ctx` ends. */
  async close(ctx: Context): Promise<void> {
    await Promise.all([this.#http.close(ctx), this.#polls.close(ctx)]);
  }

  async poll(
    ctx: Context,
    service: string,
    cursor: string,
    waitMs: number,
    known?: KnownInstances,
  ): Promise<WireList | undefined> {
    const body = await this.#poll(ctx, fill(wirePaths.service, { service }), cursor, waitMs);
    return body === undefined ? undefined : parseList(body, known);
  }

  async pollAll(ctx: Context, cursor: string, waitMs: number): Promise<WireLists | undefined> {
    const body = await this.#poll(ctx, wirePaths.services, cursor, waitMs);
    return body === undefined ? undefined : parseLists(body);
  }

  #poll(ctx: Context, path: string, cursor: string, waitMs: number): Promise<unknown> {
    const query = new URLSearchParams({ cursor, waitMs: String(waitMs) });
    return this.#call(ctx, 'GET', `${path}?${query}`, undefined, waitMs + timeoutMs, this.#polls);
  }

  /** The JSON of the answer, undefined for an empty one. */
  async #call(
    parent: Context,
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: unknown,
    limitMs = timeoutMs,
    http = this.#http,
  ): Promise<unknown> {
    using ctx = parent.withTimeout(limitMs);
    const response = await http.request(ctx, { method, url, body, operation: `${method} registry` });
    return response.body.length === 0 ? undefined : response.json();
  }
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}
