import { empty, requestOf, setReplyHeader } from '../../net/http/index.ts';
import type { Middleware } from '../../service/index.ts';

/** Which pages of other origins may call, and what they may send and see (Fetch standard, section 3.2). */
export interface CorsOptions {
  /** `https://app.example`; or `*` for any. Tokens come in a header and never in a cookie, so any is not a leak. */
  readonly origins: readonly string[] | '*';
  /** Request headers beside the always allowed ones. Default: authorization, content-type, last-event-id, traceparent. */
  readonly headers?: readonly string[];
  /** Answer headers that pages may read. Default: traceparent, retry-after, www-authenticate. */
  readonly exposed?: readonly string[];
  /** How long a browser may remember the answer to a preflight. Default: 600. */
  readonly maxAgeSeconds?: number;
}

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/**
 * Answers preflights and marks answers, errors included. For the server, not for a route: a preflight has no route. A page
 * of another origin than those gets answers without the mark, which its browser then keeps from it.
 */
export function cors(options: CorsOptions): Middleware {
  const { origins, maxAgeSeconds = 600 } = options;
  const { headers = ['authorization', 'content-type', 'last-event-id', 'traceparent'] } = options;
  const { exposed = ['traceparent', 'retry-after', 'www-authenticate'] } = options;
  const known = new Set(origins === '*' ? [] : origins);
  for (const origin of known) {
    if (URL.parse(origin)?.origin !== origin)
      throw new TypeError(`cors: "${origin}" is not an origin like https://app.example`);
  }
  return (next) => async (ctx, input) => {
    const request = requestOf(ctx);
    const origin = request?.header('origin');
    if (origins !== '*') setReplyHeader(ctx, 'vary', 'origin');
    if (origin === undefined || (origins !== '*' && !known.has(origin))) return next(ctx, input);
    setReplyHeader(ctx, 'access-control-allow-origin', origins === '*' ? '*' : origin);
    if (request?.method !== 'OPTIONS' || request.header('access-control-request-method') === undefined) {
      setReplyHeader(ctx, 'access-control-expose-headers', exposed.join(', '));
      return next(ctx, input);
    }
    const preflight = empty({
      headers: {
        'access-control-allow-methods': methods,
        'access-control-allow-headers': headers.join(', '),
        'access-control-max-age': String(maxAgeSeconds),
      },
    });
    // The server takes an answer from any layer of the chain; only the types of a middleware cannot say so.
    return preflight as unknown as Awaited<ReturnType<typeof next>>;
  };
}
