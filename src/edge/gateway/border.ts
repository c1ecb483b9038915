import * as errors from '../../errors/index.ts';
import { setReplyHeader } from '../../net/http/index.ts';
import type { Middleware } from '../../service/index.ts';
import { challengeOf } from './auth.ts';

/** Domains whose messages tell how the fleet is built: names, addresses and ports of instances. */
const inside: ReadonlySet<string> = new Set(['flotilla.rpc', 'flotilla.discovery']);

/**
 * What goes out to strangers: errors of the transport between services keep their code and reason and lose their text, and
 * a 401 has the challenge that HTTP wants with it. The log line of the call has the whole error.
 */
export const border: Middleware = (next) => async (ctx, input) => {
  try {
    return await next(ctx, input);
  } catch (error) {
    if (!errors.isStatusError(error)) throw error;
    if (error.code === 'unauthenticated') setReplyHeader(ctx, 'www-authenticate', challengeOf(error));
    throw inside.has(error.domain) ? withoutDetails(error) : error;
  }
};

function withoutDetails(error: errors.StatusError): errors.StatusError {
  const { code, reason, domain } = error;
  const text =
    code === 'unavailable'
      ? 'a service behind this one cannot be reached; try again'
      : 'a service behind this one failed';
  return new errors.StatusError(code, text, { reason, domain, cause: error });
}
