import type { Exchange } from './engine/exchange.ts';
import { parseCookies } from './input/cookies.ts';
import { decodePercent, parseQuery } from './input/query.ts';
import type { HttpRequest } from './request.ts';
import type { Found } from './routing/route-tree.ts';

/** The request of one call. The input fields start as they came and are replaced by what the schemas make of them. */
export class IncomingRequest implements HttpRequest<unknown, unknown, unknown, unknown> {
  readonly path: string;
  readonly route: string;
  params: unknown = undefined;
  query: unknown = undefined;
  body: unknown = undefined;
  bodyStream?: AsyncIterable<Uint8Array>;
  readonly #exchange: Exchange;
  readonly #search: string;
  readonly #found: Omit<Found<unknown>, 'value'> | undefined;
  #headers: unknown;
  #url: URL | undefined;
  #cookies: Readonly<Record<string, string>> | undefined;

  constructor(exchange: Exchange, route: string, target: Target, found: Omit<Found<unknown>, 'value'> | undefined) {
    this.#exchange = exchange;
    this.path = target.path;
    this.#search = target.query;
    this.#found = found;
    this.route = route;
  }

  /** Fills `params` and `query` with what came. Throws MALFORMED_REQUEST for broken percent-encoding. */
  decode(): void {
    const { names = [], values = [] } = this.#found ?? {};
    const params: Record<string, string> = {};
    for (let i = 0; i < names.length; i++) {
      const value = values[i]!;
      params[names[i]!] = value.includes('%') ? decodePercent(value, 'path') : value;
    }
    this.params = params;
    this.query = parseQuery(this.#search);
  }

  get method(): string {
    return this.#exchange.method;
  }

  get remoteAddress(): string {
    return this.#exchange.remoteAddress;
  }

  get headers(): unknown {
    this.#headers ??= this.#exchange.headers();
    return this.#headers;
  }

  set headers(validated: unknown) {
    this.#headers = validated;
  }

  get url(): URL {
    this.#url ??= new URL(
      `http://${this.header('host') ?? 'localhost'}${this.path}${this.#search && `?${this.#search}`}`,
    );
    return this.#url;
  }

  get cookies(): Readonly<Record<string, string>> {
    this.#cookies ??= parseCookies(this.header('cookie'));
    return this.#cookies;
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name.toLowerCase());
  }
}

/** Path and query as they came; the query without '?'. */
export interface Target {
  readonly path: string;
  readonly query: string;
}
