import type { GetHeader, Priority } from '../../call/index.ts';
import { type Context, until } from '../../concurrency/index.ts';
import { defineErrors, type StatusError } from '../../errors/index.ts';

/** Who calls, as the edge found out: what travels inward as the fields `tenant` and `principal`. */
export interface Identity {
  /** Who pays; '' if that does not matter. */
  readonly tenant: string;
  /** The end user. */
  readonly principal: string;
}

/**
 * Finds out who calls. Undefined: the request does not say. Throws an `unauthenticated` StatusError for a request that
 * says it wrongly, such as one with a token that is forged or expired: that is refused even where nobody need say.
 */
export interface Authenticate {
  (ctx: Context, header: GetHeader): Promise<Identity | undefined>;
  /**
   * Who calls, if that was found out before: asked before a request is admitted, so it must cost next to nothing, must not
   * throw, and must believe nothing that was not checked once. It decides who is refused first in an overload, and lets
   * nobody in. Default: nobody is known beforehand.
   */
  recognize?(header: GetHeader): Identity | undefined;
}

/**
 * What a route asks of its callers: `required` refuses those without a token, `optional` lets them in as nobody, and
 * `public` does not even look at a token, so that a stale one does not keep anybody from signing in.
 */
export type Access = 'public' | 'optional' | 'required';

/** Why a caller is not let in. */
export const AuthErrors = defineErrors('flotilla.gateway', {
  MISSING_TOKEN: { code: 'unauthenticated', description: 'The route needs a token and the request has none.' },
  INVALID_TOKEN: { code: 'unauthenticated', description: 'The token is malformed, forged or not for this service.' },
  TOKEN_EXPIRED: { code: 'unauthenticated', description: 'The token was good once: get a new one.' },
  TOKEN_KEYS_UNAVAILABLE: {
    code: 'unavailable',
    description: 'The keys that tokens are checked with cannot be fetched.',
  },
});

export interface AuthOptions {
  readonly authenticate: Authenticate;
  /** What routes ask that do not say themselves. Default: `required`. */
  readonly access?: Access;
  /** Who callers are that do not say. Default: nobody, of no tenant. */
  readonly anonymous?: Identity;
  /**
   * How much a call matters when not all can be served. Default: `default` for those whose token is good, `sheddable` for
   * the others, so that a crowd of strangers does not keep out those who are at work.
   */
  readonly priority?: (identity: Identity | undefined) => Priority;
}

/** The default of `AuthOptions.priority`. */
export function priorityOf(identity: Identity | undefined): Priority {
  return identity === undefined ? 'sheddable' : 'default';
}

const nobody: Identity = { tenant: '', principal: '' };

/** What travels inward of a call that is let in. */
export interface Caller extends Identity {
  readonly priority: Priority;
}

/** Who calls a route with this access; throws the error to answer where the caller is not let in. */
export async function identify(
  ctx: Context,
  header: GetHeader,
  access: Access,
  { authenticate, anonymous = nobody, priority = priorityOf }: AuthOptions,
): Promise<Caller> {
  const identity = access === 'public' ? undefined : await until(ctx, authenticate(ctx, header));
  if (identity !== undefined || access !== 'required') {
    const { tenant, principal } = identity ?? anonymous;
    return { tenant, principal, priority: priority(identity) };
  }
  throw AuthErrors.MISSING_TOKEN('this needs a token: send it as "Authorization: Bearer <token>"');
}

/** The `WWW-Authenticate` header that goes with a 401 (RFC 6750, section 3). */
export function challengeOf(error: StatusError): string {
  const isBadToken =
    error.domain === AuthErrors.INVALID_TOKEN.domain && error.reason !== AuthErrors.MISSING_TOKEN.reason;
  return isBadToken ? 'Bearer error="invalid_token"' : 'Bearer';
}

/** The token of an `Authorization: Bearer` header (RFC 6750, section 2.1); undefined without one. */
export function bearerToken(header: GetHeader): string | undefined {
  const text = header('authorization');
  if (text === undefined) return undefined;
  const match = /^Bearer +([-A-Za-z0-9._~+/]+=*)$/i.exec(text);
  if (match === null) throw AuthErrors.INVALID_TOKEN('the Authorization header is not "Bearer <token>"');
  return match[1];
}
