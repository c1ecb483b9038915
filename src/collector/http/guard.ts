import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { StatusError } from '../../errors/index.ts';
import { requestOf, setReplyHeader } from '../../net/http/index.ts';
import type { Middleware } from '../../service/index.ts';
import { CollectorErrors } from '../collector-errors.ts';

export interface GuardOptions {
  /** Every request must bring it as `Authorization: Bearer <token>`. Default: none. */
  readonly token?: string;
  /** Names, besides the loopback ones, that the Host and Origin headers may say. Default: none. */
  readonly hosts?: readonly string[];
}

const minTokenLength = 16;
const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests that a page of another site could have made: a Host header that is not a loopback name (or one of
 * `hosts`) comes from a rebound DNS name, an Origin that is neither comes from a foreign page. With a token it also refuses
 * whoever does not know it. Throws `invalid_argument` for a token of less than 16 characters.
 */
export function guardRequests(options: GuardOptions = {}): Middleware {
  const { token, hosts = [] } = options;
  if (token !== undefined && token.length < minTokenLength) {
    throw new StatusError(
      'invalid_argument',
      `the token has ${token.length} characters; give at least ${minTokenLength}`,
      { reason: 'INVALID_TOKEN' },
    );
  }
  const names: ReadonlySet<string> = new Set([...loopbackNames, ...hosts.map((host) => host.toLowerCase())]);
  const wanted = token === undefined ? undefined : digest(`Bearer ${token}`);
  return (next) => async (ctx, input) => {
    const request = requestOf(ctx);
    checkName(names, 'Host', nameOf(`http://${request?.header('host') ?? ''}`));
    const origin = request?.header('origin');
    if (origin !== undefined) checkName(names, 'Origin', nameOf(origin));
    if (wanted !== undefined && !timingSafeEqual(wanted, digest(request?.header('authorization') ?? ''))) {
      setReplyHeader(ctx, 'www-authenticate', 'Bearer');
      throw CollectorErrors.TOKEN_REQUIRED('send the collector\'s token as "Authorization: Bearer <token>"');
    }
    return next(ctx, input);
  };
}

/** Throws `invalid_argument` for an address that others can reach without a token. */
export function checkExposure(host: string, token: string | undefined): void {
  if (
    token !== undefined ||
    loopbackNames.includes(host) ||
    host === '::1' ||
    (isIPv4(host) && host.startsWith('127.'))
  )
    return;
  throw new StatusError(
    'invalid_argument',
    `the collector would listen on ${host}, where other machines reach it: set a token, or listen on 127.0.0.1`,
    { reason: 'TOKEN_NEEDED' },
  );
}

function checkName(names: ReadonlySet<string>, header: string, name: string | undefined): void {
  if (name !== undefined && names.has(name)) return;
  throw CollectorErrors.FOREIGN_ORIGIN(
    `the ${header} header names ${name === undefined ? 'nobody' : `"${name.slice(0, 80)}"`}; use ${[...names].join(', ')}`,
  );
}

function nameOf(url: string): string | undefined {
  return URL.parse(url)?.hostname.toLowerCase() || undefined;
}

/** Of equal length, whatever came: the comparison tells nothing by its time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
