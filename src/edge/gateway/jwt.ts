import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  type JWTPayload,
  type JWTVerifyGetKey,
  errors as joseErrors,
  jwtVerify,
} from 'jose';
import type { GetHeader } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { AuthErrors, type Authenticate, bearerToken, type Identity } from './auth.ts';
import { TokenCache } from './token-cache.ts';

/** A key that tokens may be signed with. */
export type JwtKey = {
  /** The `kid` of tokens signed with it. Default: none; it is then tried for tokens whose `kid` nobody has, too. */
  readonly id?: string;
} & (
  | { /** At least 32 bytes: for HS256, HS384, HS512. */ readonly secret: string | Uint8Array }
  | { /** A public key as RFC 7517 writes it. */ readonly jwk: Readonly<Record<string, unknown>> }
);

/** The signatures that a token may have. */
export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS512'
  | 'PS256'
  | 'ES256'
  | 'ES384'
  | 'EdDSA'
  | 'Ed25519';

export interface JwtOptions {
  /** Every key that is good at the moment. To rotate: add the new one, sign with it, remove the old one after its last token ended. */
  readonly keys?: readonly JwtKey[];
  /** Where the issuer publishes its keys (RFC 7517), for those who rotate without us; fetched when first needed and kept. */
  readonly jwksUrl?: string;
  /** Nothing else is taken, whatever the token says. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** The `iss` that tokens must have. Default: any. */
  readonly issuer?: string;
  /** The `aud` that tokens must have. Default: any. */
  readonly audience?: string;
  /** By how much the clocks of issuer and gateway may differ. Default: 5,000. */
  readonly toleranceMs?: number;
  /** The claim with the tenant. Default: `tenant`; a token without it is of no tenant. */
  readonly tenantClaim?: string;
  /** How many good tokens are remembered, each for a minute at most. 0: every call checks a signature. Default: 10,000. */
  readonly cacheSize?: number;
  /** The wall clock. Default: that of the machine. */
  readonly now?: () => Date;
}

const minSecretBytes = 32;

/**
 * Takes the identity from a bearer token that is a JWT: the principal is `sub`. A token must end (`exp`).
 *
 * Throws a TypeError at once for options that would let anybody in: no algorithms, no keys, a short secret.
 */
export function jwtAuthentication(options: JwtOptions): Authenticate {
  const { algorithms, issuer, audience, toleranceMs = 5_000, tenantClaim = 'tenant', now = () => new Date() } = options;
  const keys = checkKeys(options);
  const cache = new TokenCache(options.cacheSize ?? 10_000);
  const remote = options.jwksUrl === undefined ? undefined : createRemoteJWKSet(new URL(options.jwksUrl));
  const verify = async (token: string, key: VerificationKey): Promise<JWTPayload> => {
    const rules = {
      algorithms: [...algorithms],
      clockTolerance: toleranceMs / 1000,
      requiredClaims: ['exp', 'sub'],
      currentDate: now(),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    return (await jwtVerify(token, key as Uint8Array, rules)).payload;
  };
  const recognize = (header: GetHeader): Identity | undefined => {
    // Exactly as a client of ours writes it: another form is only not recognized.
    const text = header('authorization');
    return text?.startsWith(scheme) ? cache.recall(text.slice(scheme.length), now().getTime()) : undefined;
  };
  const authenticate = async (_ctx: Context, header: GetHeader): Promise<Identity | undefined> => {
    const token = bearerToken(header);
    if (token === undefined) return undefined;
    const known = cache.get(token, now().getTime());
    if (known !== undefined) return known;
    const candidates: VerificationKey[] = keysFor(token, keys);
    if (remote !== undefined) candidates.push(remote);
    const claims = await firstThatVerifies(token, candidates, verify).catch((error: StatusError) => {
      // Where only the keys cannot be fetched it is no worse than it was.
      if (error.code === 'unauthenticated') cache.delete(token);
      throw error;
    });
    const identity = identityOf(claims, tenantClaim);
    cache.set(token, identity, now().getTime(), (claims.exp ?? 0) * 1000 + toleranceMs);
    return identity;
  };
  return Object.assign(authenticate, { recognize });
}

const scheme = 'Bearer ';

type VerificationKey = Uint8Array | Readonly<Record<string, unknown>> | JWTVerifyGetKey;

async function firstThatVerifies(
  token: string,
  candidates: readonly VerificationKey[],
  verify: (token: string, key: VerificationKey) => Promise<JWTPayload>,
): Promise<JWTPayload> {
  let failure: StatusError = AuthErrors.INVALID_TOKEN('the token is signed with a key that nobody here knows');
  for (const key of candidates) {
    try {
      return await verify(token, key);
    } catch (error) {
      failure = refusal(error);
      if (!(error instanceof joseErrors.JWSSignatureVerificationFailed)) break;
    }
  }
  throw failure;
}

/** The keys that may have signed it, by the `kid` and `alg` of its header. Nothing of the header is believed beyond that. */
function keysFor(token: string, keys: readonly CheckedKey[]): VerificationKey[] {
  let header: { alg?: unknown; kid?: unknown };
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw AuthErrors.INVALID_TOKEN('the token is not a JWT', { cause: error });
  }
  const { alg, kid } = header;
  // A public key must never be used as the secret of an HMAC: the kinds of keys are kept apart before jose sees them.
  const kind = typeof alg === 'string' ? keyKindOf(alg) : undefined;
  const fitting = keys.filter(
    (key) => key.kind === kind && (key.curve === undefined || key.curve === curves[`${alg}`]),
  );
  const named = fitting.filter((key) => key.id !== undefined && key.id === kid);
  const chosen = named.length > 0 ? named : fitting.filter((key) => kid === undefined || key.id === undefined);
  return chosen.map((key) => key.key);
}

function refusal(error: unknown): StatusError {
  if (error instanceof joseErrors.JWTExpired)
    return AuthErrors.TOKEN_EXPIRED('the token has expired: sign in again', { cause: error });
  const isTokenFault =
    error instanceof joseErrors.JWTClaimValidationFailed ||
    error instanceof joseErrors.JOSEAlgNotAllowed ||
    error instanceof joseErrors.JWSInvalid ||
    error instanceof joseErrors.JWTInvalid ||
    error instanceof joseErrors.JOSENotSupported ||
    error instanceof joseErrors.JWKSNoMatchingKey ||
    error instanceof joseErrors.JWKSMultipleMatchingKeys ||
    error instanceof joseErrors.JWSSignatureVerificationFailed;
  if (isTokenFault) return AuthErrors.INVALID_TOKEN(`the token is invalid: ${error.message}`, { cause: error });
  return AuthErrors.TOKEN_KEYS_UNAVAILABLE('the keys for tokens cannot be fetched', { cause: error });
}

function identityOf(claims: JWTPayload, tenantClaim: string): Identity {
  const tenant = claims[tenantClaim] ?? '';
  const principal = claims.sub;
  if (typeof principal !== 'string' || principal === '')
    throw AuthErrors.INVALID_TOKEN('the token names nobody: "sub" is empty');
  if (typeof tenant !== 'string') throw AuthErrors.INVALID_TOKEN(`the token's claim "${tenantClaim}" is not a text`);
  return { tenant, principal };
}

/** The kind of key (`kty` of RFC 7518, section 6.1) that a signature is made with. */
function keyKindOf(alg: string): string {
  if (alg.startsWith('HS')) return 'oct';
  if (alg.startsWith('ES')) return 'EC';
  return alg.startsWith('Ed') ? 'OKP' : 'RSA';
}

/** The curve of each ECDSA signature (RFC 7518, section 3.4). */
const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384' };

interface CheckedKey {
  readonly id: string | undefined;
  /** `oct` for a secret, else the `kty` of the public key. */
  readonly kind: string;
  /** Of an EC key. */
  readonly curve: string | undefined;
  readonly key: Uint8Array | Readonly<Record<string, unknown>>;
}

function checkKeys({ keys = [], jwksUrl, algorithms }: JwtOptions): CheckedKey[] {
  if (algorithms.length === 0)
    throw new TypeError('jwtAuthentication: no algorithms; name those that the issuer signs with, like HS256');
  if (keys.length === 0 && jwksUrl === undefined)
    throw new TypeError('jwtAuthentication: no keys and no jwksUrl; give one of them');
  return keys.map((key): CheckedKey => {
    if ('jwk' in key) {
      const { kty, crv } = key.jwk;
      if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') {
        throw new TypeError(
          `jwtAuthentication: a jwk with the kty ${JSON.stringify(kty)}; give a public key: RSA, EC or OKP`,
        );
      }
      return { id: key.id, kind: kty, curve: kty === 'EC' ? String(crv) : undefined, key: key.jwk };
    }
    const bytes = typeof key.secret === 'string' ? new TextEncoder().encode(key.secret) : key.secret;
    if (bytes.length < minSecretBytes) {
      throw new TypeError(
        `jwtAuthentication: a secret of ${bytes.length} bytes; RFC 7518 asks for ${minSecretBytes} at least`,
      );
    }
    return { id: key.id, kind: 'oct', curve: undefined, key: bytes };
  });
}
