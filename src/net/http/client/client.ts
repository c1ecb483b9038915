import type { Context } from '../../../concurrency/index.ts';
import { Calls } from './calls.ts';
import { type HttpClientEvent, type HttpClientEventsRequest, readEvents } from './client-events.ts';
import {
  type HttpClientOptions,
  type HttpClientRequest,
  type HttpClientStreamRequest,
  settingsOf,
} from './client-options.ts';
import { parseUrl } from './outgoing.ts';
import type { HttpResponse, HttpStreamingResponse } from './response.ts';

/**
 * Calls servers over HTTP/1.1, on connections that it keeps. Safe to share: one for the life of the program is best, since
 * each has connections of its own. Idle connections do not keep the process alive. Proxies that the environment names are
 * not used.
 */
export interface HttpClient extends AsyncDisposable {
  /**
   * The answer, if its status is below 400 (redirects are not followed, unless `maxRedirects` says so). Throws the
   * StatusError that an error answer says, unless `acceptErrors` is set; `unavailable` (CONNECTION_FAILED) if there is none; the Context's error if it
   * ends first, which also closes the connection; `resource_exhausted` (RESPONSE_TOO_LARGE, CONNECTION_QUEUE_FULL).
   */
  request(ctx: Context, request: HttpClientRequest): Promise<HttpResponse>;
  /** The same, as soon as the head has come. The body lasts as long as the Context, whatever `timeoutMs` says. */
  stream(ctx: Context, request: HttpClientStreamRequest): Promise<HttpStreamingResponse>;
  /**
   * Server-sent events. A stream that breaks is asked for again, from the last event's id on; so is one that ended, until
   * the server answers 204. Throws when it is refused (a status of 400 to 499), when it could not be had again
   * `maxReconnects` times in a row, or with the Context.
   */
  events(ctx: Context, request: HttpClientEventsRequest): AsyncGenerator<HttpClientEvent, void, undefined>;
  /** GET, and the JSON of the answer. */
  getJson(ctx: Context, url: string, options?: Omit<HttpClientRequest, 'url' | 'method' | 'body'>): Promise<unknown>;
  /** POST of JSON, and the JSON of the answer; undefined if it has no body. */
  postJson(
    ctx: Context,
    url: string,
    body: unknown,
    options?: Omit<HttpClientRequest, 'url' | 'method' | 'body'>,
  ): Promise<unknown>;
  /**
   * Takes no more calls (`failed_precondition`, CLIENT_CLOSED), waits for those that run, and closes the connections. When
   * `ctx` ends what still runs is cut. Disposing cuts at once.
   */
  close(ctx: Context): Promise<void>;
}

/** A client. Throws a TypeError for a `baseUrl` that is none, a RangeError for a number out of its range. */
export function client(options: HttpClientOptions = {}): HttpClient {
  const base = options.baseUrl === undefined ? undefined : parseUrl(options.baseUrl, undefined);
  const calls = new Calls(base, settingsOf(options));
  const stream: HttpClient['stream'] = (ctx, request) => calls.stream(ctx, request);
  return {
    request: (ctx, request) => calls.request(ctx, request),
    stream,
    events: (ctx, request) => readEvents(ctx, (inner, more) => calls.stream(inner, more, false), request),
    getJson: async (ctx, url, more) => (await calls.request(ctx, { ...more, url })).json(),
    async postJson(ctx, url, body, more) {
      const response = await calls.request(ctx, { ...more, method: 'POST', url, body });
      return response.body.length === 0 ? undefined : response.json();
    },
    close: (ctx) => calls.close(ctx),
    [Symbol.asyncDispose]: () => calls.cut(),
  };
}
