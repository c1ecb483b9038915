import type { CallState } from './call-state.ts';
import type { Exchange } from './engine/exchange.ts';
import { parseCookies } from './input/cookies.ts';
import { parseQuery } from './input/query.ts';
import type { HttpHeaders, HttpRequest } from './request.ts';
import type { Found } from './routing/found.ts';

/** The request of one call. The input fields start as they came and are replaced by what the schemas make of them. */
export class IncomingRequest implements HttpRequest<unknown, unknown, unknown, unknown> {
  declare readonly route: string;
  /** Of the call that this is the request of; set by it. */
  declare call: CallState;
  declare body: unknown;
  declare bodyStream?: AsyncIterable<Uint8Array>;
  declare private readonly exchange: Exchange;
  /** Path and query as they came. */
  declare private readonly target: string;
  declare private readonly pathEnd: number;
  declare private readonly found: Found<unknown> | undefined;
  declare private knownParams: unknown;
  declare private knownQuery: unknown;
  declare private knownHeaders: unknown;
  declare private knownUrl: URL | undefined;
  declare private knownCookies: Readonly<Record<string, string>> | undefined;

  /** `target` is in origin form, or `*`; its path ends at `pathEnd`. */
  constructor(exchange: Exchange, route: string, target: string, pathEnd: number, found: Found<unknown> | undefined) {
    this.route = route;
    this.body = undefined;
    this.exchange = exchange;
    this.target = target;
    this.pathEnd = pathEnd;
    this.found = found;
    this.knownParams = undefined;
    this.knownQuery = undefined;
    this.knownHeaders = undefined;
    this.knownUrl = undefined;
    this.knownCookies = undefined;
  }

  /** Throws MALFORMED_REQUEST for broken percent-encoding, which a handler then need not expect. */
  decode(): void {
    if (!this.target.includes('%')) return;
    this.knownParams = this.found?.params() ?? {};
    this.knownQuery = parseQuery(this.#search);
  }

  get path(): string {
    return this.target.slice(0, this.pathEnd);
  }

  get params(): unknown {
    this.knownParams ??= this.found?.params() ?? {};
    return this.knownParams;
  }

  set params(validated: unknown) {
    this.knownParams = validated;
  }

  get query(): unknown {
    this.knownQuery ??= parseQuery(this.#search);
    return this.knownQuery;
  }

  set query(validated: unknown) {
    this.knownQuery = validated;
  }

  get headers(): unknown {
    this.knownHeaders ??= this.exchange.headers();
    return this.knownHeaders;
  }

  set headers(validated: unknown) {
    this.knownHeaders = validated;
  }

  get method(): string {
    return this.exchange.method;
  }

  get remoteAddress(): string {
    return this.exchange.remoteAddress;
  }

  get trailers(): HttpHeaders {
    return this.exchange.trailers();
  }

  get url(): URL {
    this.knownUrl ??= new URL(`http://${this.header('host') ?? 'localhost'}${this.target === '*' ? '' : this.target}`);
    return this.knownUrl;
  }

  get cookies(): Readonly<Record<string, string>> {
    this.knownCookies ??= parseCookies(this.header('cookie'));
    return this.knownCookies;
  }

  header(name: string): string | undefined {
    return this.exchange.header(name.toLowerCase());
  }

  get #search(): string {
    return this.target.slice(this.pathEnd + 1);
  }
}
