/** Request headers by lower-case name. One that came several times is joined by ', ' (Cookie by '; '). */
export type HttpHeaders = Readonly<Record<string, string | undefined>>;

/** The query by name, percent-decoded. A name that came several times has a list. */
export type HttpQuery = Readonly<Record<string, string | readonly string[]>>;

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** What is known of a request before its input is validated and its body read. */
export interface HttpRequestHead {
  readonly method: string;
  /** The path as it came: percent-encoded, without the query. */
  readonly path: string;
  /** The route that answers: `/v1/rooms/:id`; '' where none matches. */
  readonly route: string;
  /** The whole address by the Host header, which the client chooses: never trust its host. Made on first use. */
  readonly url: URL;
  /** First value of each cookie. Parsed on first use. */
  readonly cookies: Readonly<Record<string, string>>;
  /** The address of the other end of the connection; a proxy's if there is one. */
  readonly remoteAddress: string;
  /** What followed a body in chunks, once that has been read to its end: by lower-case name. */
  readonly trailers: HttpHeaders;
  /** One header by name, in any case. */
  header(name: string): string | undefined;
}

/**
 * What a handler gets: the input as the route's schemas made it. Without a schema `params` are strings, `query` is an
 * {@link HttpQuery}, `headers` are {@link HttpHeaders} and `body` is undefined (a body that came is dropped).
 */
export interface HttpRequest<P = Readonly<Record<string, string>>, Q = HttpQuery, H = HttpHeaders, B = undefined>
  extends HttpRequestHead {
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  /** The body's bytes as they arrive, where the route's body is `streamed()`; the same as `body`. Iterate it once. */
  readonly bodyStream?: AsyncIterable<Uint8Array>;
}
