import { wireNames } from '../../../call/index.ts';
import { StatusError } from '../../../errors/index.ts';
import { describe } from './failure.ts';
import { type Outgoing, parseUrl } from './outgoing.ts';

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What another server must not learn. */
const ownBusiness = ['authorization', 'proxy-authorization', 'cookie', 'host'];
const fieldNames = Object.values(wireNames);

/**
 * The request that a redirect asks for; undefined if the answer is the last one. Throws `failed_precondition`
 * (REDIRECT_REFUSED) if it leads somewhere that is no http(s) address.
 */
export function redirected(outgoing: Outgoing, status: number, location: string | undefined): Outgoing | undefined {
  const { method, url } = outgoing;
  if (!redirects.has(status) || location === undefined || (method !== 'GET' && method !== 'HEAD')) return undefined;
  if (outgoing.body !== undefined || outgoing.stream !== undefined) return undefined;
  const next = resolve(outgoing, location);
  const headers: Record<string, string> = Object.assign(Object.create(null), outgoing.headers);
  // Written anew where they may be known.
  for (const name of fieldNames) delete headers[name];
  const isForeign = next.origin !== url.origin;
  if (isForeign) for (const name of ownBusiness) delete headers[name];
  const sendsFields = outgoing.sendsFields && !isForeign;
  return { ...outgoing, url: next, source: describe(method, next), headers, sendsFields, hasOthers: false };
}

export function tooManyRedirects(source: string, maxRedirects: number): StatusError {
  return new StatusError('failed_precondition', `${source} redirects once more after ${maxRedirects} redirects`, {
    reason: 'TOO_MANY_REDIRECTS',
    metadata: { maxRedirects: String(maxRedirects) },
  });
}

function resolve({ source, url }: Outgoing, location: string): URL {
  try {
    return parseUrl(location, url);
  } catch (cause) {
    throw new StatusError('failed_precondition', `${source} redirects to what is no http(s) address`, {
      reason: 'REDIRECT_REFUSED',
      cause,
    });
  }
}
