import type { CallState } from './call-state.ts';
import type { Exchange } from './engine/exchange.ts';
import { parseCookies } from './input/cookies.ts';
import { parseQuery } from './input/query.ts';
import type { HttpHeaders, HttpRequest } from './request.ts';
import type { Found } from './routing/found.ts';

/** The request of one call. The input fields start as they came and are replaced by what the schemas make of them. */
export class IncomingRequest implements HttpRequest<unknown, unknown, unknown, unknown> {
  readonly route: string;
  /** Of the call that this is the request of; set by it. */
  call!: CallState;
  body: unknown;
  bodyStream?: AsyncIterable<Uint8Array>;
  readonly #exchange: Exchange;
  /** Path and query as they came. */
  readonly #target: string;
  readonly #pathEnd: number;
  readonly #found: Found<unknown> | undefined;
  #params: unknown;
  #query: unknown;
  #headers: unknown;
  #url: URL | undefined;
  #cookies: Readonly<Record<string, string>> | undefined;

  /** `target` is in origin form, or `*`; its path ends at `pathEnd`. */
  constructor(exchange: Exchange, route: string, target: string, pathEnd: number, found: Found<unknown> | undefined) {
    this.route = route;
    this.body = undefined;
    this.#exchange = exchange;
    this.#target = target;
    this.#pathEnd = pathEnd;
    this.#found = found;
  }

  /** Throws MALFORMED_REQUEST for broken percent-encoding, which a handler then need not expect. */
  decode(): void {
    if (!this.#target.includes('%')) return;
    this.#params = this.#found?.params() ?? {};
    this.#query = parseQuery(this.#search);
  }

  get path(): string {
    return this.#target.slice(0, this.#pathEnd);
  }

  get params(): unknown {
    this.#params ??= this.#found?.params() ?? {};
    return this.#params;
  }

  set params(validated: unknown) {
    this.#params = validated;
  }

  get query(): unknown {
    this.#query ??= parseQuery(this.#search);
    return this.#query;
  }

  set query(validated: unknown) {
    this.#query = validated;
  }

  get headers(): unknown {
    this.#headers ??= this.#exchange.headers();
    return this.#headers;
  }

  set headers(validated: unknown) {
    this.#headers = validated;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get remoteAddress(): string {
    return this.#exchange.remoteAddress;
  }

  get trailers(): HttpHeaders {
    return this.#exchange.trailers();
  }

  get url(): URL {
    this.#url ??= new URL(`http://${this.header('host') ?? 'localhost'}${this.#target}`);
    return this.#url;
  }

  get cookies(): Readonly<Record<string, string>> {
    this.#cookies ??= parseCookies(this.header('cookie'));
    return this.#cookies;
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name.toLowerCase());
  }

  get #search(): string {
    return this.#target.slice(this.#pathEnd + 1);
  }
}
