import * as errors from '../../errors/index.ts';
import { setReplyHeader } from '../../net/http/index.ts';
import type { Middleware } from '../../service/index.ts';
import { challengeOf } from './auth.ts';

/** Domains whose texts tell how the fleet is built: addresses and ports of instances, columns and keys of tables. */
const inside: ReadonlySet<string> = new Set(['flotilla.rpc', 'flotilla.discovery', 'flotilla.sql']);

/**
 * What goes out to strangers: errors of the transport between services and of their databases keep their code and reason and
 * lose their text, and a 401 has the challenge that HTTP wants with it. The log line of the call has the whole error.
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
  return new errors.StatusError(code, texts[code] ?? 'a service behind this one failed', {
    reason,
    domain,
    cause: error,
  });
}

const texts: Partial<Record<errors.Code, string>> = {
  unavailable: 'a service behind this one cannot be reached; try again',
  resource_exhausted: 'a service behind this one is too busy; try again later',
};
