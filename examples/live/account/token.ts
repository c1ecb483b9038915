import { SignJWT } from 'jose';
import type { TokenIssuer } from './domain.ts';

export interface JwtIssuerOptions {
  /** At least 32 bytes; the gateway has the same. */
  readonly secret: string;
  /** How long a token is good. Default: 12 hours. */
  readonly lifetimeMs?: number;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

/** Issuer and audience of the tokens: the gateway may insist on both. */
export const tokenIssuer = 'live.account';
export const tokenAudience = 'live';

const minSecretBytes = 32;

/** JWTs by HS256: `sub` is the account, `tenant` the tenant. */
export function jwtIssuer({ secret, lifetimeMs = 12 * 3_600_000, now }: JwtIssuerOptions): TokenIssuer {
  const key = new TextEncoder().encode(secret);
  if (key.length < minSecretBytes)
    throw new RangeError(`the JWT secret has ${key.length} bytes; give at least ${minSecretBytes}`);
  return {
    async issue({ tenant, accountId }) {
      const issuedSeconds = Math.floor(now() / 1000);
      const expiresSeconds = issuedSeconds + Math.floor(lifetimeMs / 1000);
      const token = await new SignJWT(tenant === '' ? {} : { tenant })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(tokenIssuer)
        .setAudience(tokenAudience)
        .setSubject(accountId)
        .setIssuedAt(issuedSeconds)
        .setExpirationTime(expiresSeconds)
        .sign(key);
      return { token, expiresMs: expiresSeconds * 1000 };
    },
  };
}
