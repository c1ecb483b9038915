import type { StatusError } from '../../errors/index.ts';
import type { Exchange } from './engine/exchange.ts';
import { HttpErrors } from './http-errors.ts';
import type { Target } from './incoming-request.ts';

/** What is wrong with the head of a request, before any route is looked for; undefined if nothing is. */
export function checkHead(exchange: Exchange, maxHeaders: number): StatusError | undefined {
  if (exchange.headerCount > maxHeaders) {
    return HttpErrors.HEADERS_TOO_LARGE(`the request has more than ${maxHeaders} headers`);
  }
  const host = exchange.header('host');
  if (host === undefined) {
    // RFC 9112 section 3.2: every HTTP/1.1 request has exactly one.
    return exchange.version === '1.0' ? undefined : HttpErrors.MALFORMED_REQUEST('the request has no Host header');
  }
  return isHost(host) ? undefined : HttpErrors.MALFORMED_REQUEST('the Host header is not one host and port');
}

/**
 * The path and query of a request target (RFC 9112 section 3.2): origin-form, absolute-form (as sent to proxies) or `*`.
 * Undefined for anything else.
 */
export function parseTarget(target: string): Target | undefined {
  let rest = target;
  if (!target.startsWith('/')) {
    if (target === '*') return { path: '*', query: '' };
    const match = /^https?:\/\/[^/?#]+/i.exec(target);
    if (match === null) return undefined;
    rest = target.slice(match[0].length);
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  if (!visible.test(rest)) return undefined;
  const mark = rest.indexOf('?');
  return mark < 0 ? { path: rest, query: '' } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) };
}

/** ASCII without blanks, controls and '#': what a target may be made of. */
const visible = /^[!"$-~]+$/;

/** The last Host that was accepted: almost all requests of a server have the same one. */
let lastHost = '';

function isHost(host: string): boolean {
  if (host === lastHost) return true;
  if (!/^(?:[A-Za-z0-9._~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host)) return false;
  if (!URL.canParse(`http://${host}/`)) return false;
  lastHost = host;
  return true;
}
