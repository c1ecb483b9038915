import type { Context } from '../concurrency/index.ts';
import { fromBody, StatusError } from '../errors/index.ts';
import type { Instance } from './registry.ts';
import {
  type LeaseTerms,
  parseList,
  parseLists,
  parseTerms,
  type WireList,
  type WireLists,
  wirePaths,
} from './registry-wire.ts';

/** A request that does not wait for news is answered within this, or the registry is away. */
const timeoutMs = 3_000;

/** The calls of a registry over HTTP, one try each. Failures are StatusErrors: the registry's own, or `unavailable`. */
export class RegistryClient {
  readonly url: string;

  constructor(url: string) {
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new TypeError(`the registry's address "${url}" is not an http URL; give one like http://127.0.0.1:8081`);
    }
    this.url = url.replace(/\/+$/, '');
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

  async poll(ctx: Context, service: string, cursor: string, waitMs: number): Promise<WireList | undefined> {
    const body = await this.#poll(ctx, fill(wirePaths.service, { service }), cursor, waitMs);
    return body === undefined ? undefined : parseList(body);
  }

  async pollAll(ctx: Context, cursor: string, waitMs: number): Promise<WireLists | undefined> {
    const body = await this.#poll(ctx, wirePaths.services, cursor, waitMs);
    return body === undefined ? undefined : parseLists(body);
  }

  #poll(ctx: Context, path: string, cursor: string, waitMs: number): Promise<unknown> {
    const query = new URLSearchParams({ cursor, waitMs: String(waitMs) });
    return this.#call(ctx, 'GET', `${path}?${query}`, undefined, waitMs + timeoutMs);
  }

  /** The JSON of the answer, undefined for an empty one. */
  async #call(parent: Context, method: string, path: string, body?: unknown, limitMs = timeoutMs): Promise<unknown> {
    using ctx = parent.withTimeout(limitMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.url + path, {
        method,
        signal: ctx.signal,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      text = await response.text();
    } catch (error) {
      throw new StatusError('unavailable', `${method} ${this.url}${path}: no answer`, { cause: error });
    }
    const answer = text === '' ? undefined : parseJson(text);
    if (!response.ok) throw fromBody(answer, response.status);
    return answer;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}
