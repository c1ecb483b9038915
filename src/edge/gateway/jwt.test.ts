import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { background } from '../../concurrency/index.ts';
import { identify } from './auth.ts';
import { type JwtOptions, jwtAuthentication } from './jwt.ts';

const secret = 'a secret of the tests, 32 bytes or more';
const other = 'another secret of the tests, as long as that';
const nowSeconds = 1_800_000_000;
const options: JwtOptions = { keys: [{ secret }], algorithms: ['HS256'], now: () => new Date(nowSeconds * 1000) };

interface TokenOptions {
  readonly key?: string | CryptoKey;
  readonly header?: { readonly alg?: string; readonly kid?: string };
  readonly claims?: JWTPayload;
}

async function token({ key = secret, header = {}, claims = {} }: TokenOptions = {}): Promise<string> {
  return new SignJWT({ sub: 'ann', tenant: 'acme', exp: nowSeconds + 60, ...claims })
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(typeof key === 'string' ? new TextEncoder().encode(key) : key);
}

const headers = (authorization?: string) => (name: string) => (name === 'authorization' ? authorization : undefined);

const authenticate = (bearer: string, changes: Partial<JwtOptions> = {}) =>
  jwtAuthentication({ ...options, ...changes })(background(), headers(`Bearer ${bearer}`));

test('a good token says principal and tenant', async () => {
  assert.deepEqual(await authenticate(await token()), { principal: 'ann', tenant: 'acme' });
});

test('a token without the tenant claim is of no tenant', async () => {
  assert.deepEqual(await authenticate(await token(), { tenantClaim: 'org' }), { principal: 'ann', tenant: '' });
});

const unsigned = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.`;

const refused: Record<
  string,
  { token: () => Promise<string> | string; changes?: Partial<JwtOptions>; reason: string }
> = {
  'is not a JWT': { token: () => 'abc', reason: 'INVALID_TOKEN' },
  'has no signature (alg none)': { token: () => unsigned({ alg: 'none' }), reason: 'INVALID_TOKEN' },
  'is signed with another secret': { token: () => token({ key: other }), reason: 'INVALID_TOKEN' },
  'is signed by an algorithm that is not allowed': {
    token: () => token({ key: secret.repeat(2), header: { alg: 'HS512' } }),
    reason: 'INVALID_TOKEN',
  },
  'has expired': { token: () => token({ claims: { exp: nowSeconds - 6 } }), reason: 'TOKEN_EXPIRED' },
  'never ends': {
    token: () => token({ claims: { exp: undefined } as unknown as JWTPayload }),
    reason: 'INVALID_TOKEN',
  },
  'is not good yet': { token: () => token({ claims: { nbf: nowSeconds + 6 } }), reason: 'INVALID_TOKEN' },
  'names nobody': { token: () => token({ claims: { sub: '' } }), reason: 'INVALID_TOKEN' },
  'has a tenant that is not a text': { token: () => token({ claims: { tenant: 7 } }), reason: 'INVALID_TOKEN' },
  'is of another issuer': { token: () => token(), changes: { issuer: 'https://id.example' }, reason: 'INVALID_TOKEN' },
  'is for another audience': { token: () => token(), changes: { audience: 'live' }, reason: 'INVALID_TOKEN' },
};

for (const [what, { token: make, changes, reason }] of Object.entries(refused)) {
  test(`refuses a token that ${what}`, async () => {
    await assert.rejects(authenticate(await make(), changes), { code: 'unauthenticated', reason });
  });
}

test('clocks may differ by the tolerance', async () => {
  const expired = await token({ claims: { exp: nowSeconds - 4 } });

  assert.equal((await authenticate(expired))?.principal, 'ann');
  await assert.rejects(authenticate(expired, { toleranceMs: 0 }), { reason: 'TOKEN_EXPIRED' });
});

test('issuer and audience let their own tokens in', async () => {
  const bearer = await token({ claims: { iss: 'https://id.example', aud: ['live', 'shop'] } });

  assert.equal((await authenticate(bearer, { issuer: 'https://id.example', audience: 'live' }))?.principal, 'ann');
});

test('while keys rotate, tokens of the old and the new one are good', async () => {
  const keys = [
    { id: '2026-02', secret: other },
    { id: '2026-01', secret },
  ];
  const old = await token({ header: { kid: '2026-01' } });
  const fresh = await token({ key: other, header: { kid: '2026-02' } });
  const unnamed = await token();

  for (const bearer of [old, fresh, unnamed]) assert.equal((await authenticate(bearer, { keys }))?.principal, 'ann');
  await assert.rejects(authenticate(old, { keys: keys.slice(0, 1) }), { reason: 'INVALID_TOKEN' });
});

test('public keys verify, and are never used as a secret', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const changes: Partial<JwtOptions> = { keys: [{ jwk: { ...jwk } }], algorithms: ['ES256', 'HS256'] };

  assert.equal(
    (await authenticate(await token({ key: privateKey, header: { alg: 'ES256' } }), changes))?.principal,
    'ann',
  );
  await assert.rejects(authenticate(await token({ key: JSON.stringify(jwk) }), changes), { reason: 'INVALID_TOKEN' });
});

test('keys are fetched from where the issuer publishes them', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES256' }] };
  const issuer = createServer((_req, res) => res.end(JSON.stringify(jwks))).listen(0, '127.0.0.1');
  await new Promise((resolve) => issuer.once('listening', resolve));
  t.after(() => issuer.close());
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys`;
  const changes: Partial<JwtOptions> = { keys: [], jwksUrl, algorithms: ['ES256'] };

  assert.equal(
    (await authenticate(await token({ key: privateKey, header: { alg: 'ES256', kid: 'a' } }), changes))?.principal,
    'ann',
  );
});

test('keys that cannot be fetched are not the fault of the token', async () => {
  const { privateKey } = await generateKeyPair('ES256');
  const bearer = await token({ key: privateKey, header: { alg: 'ES256', kid: 'a' } });

  await assert.rejects(authenticate(bearer, { keys: [], jwksUrl: 'http://127.0.0.1:1/keys', algorithms: ['ES256'] }), {
    code: 'unavailable',
    reason: 'TOKEN_KEYS_UNAVAILABLE',
  });
});

test('a token that was good is remembered, but not beyond its end', async () => {
  let nowMs = nowSeconds * 1000;
  const authenticate = jwtAuthentication({ ...options, toleranceMs: 0, now: () => new Date(nowMs) });
  const header = headers(`Bearer ${await token({ claims: { exp: nowSeconds + 10 } })}`);

  assert.equal((await authenticate(background(), header))?.principal, 'ann');
  nowMs += 9_999;
  assert.equal((await authenticate(background(), header))?.principal, 'ann');
  nowMs += 1;
  await assert.rejects(authenticate(background(), header), { reason: 'TOKEN_EXPIRED' });
});

test('a caller is recognized beforehand once its token was found good, until it ends', async () => {
  let nowMs = nowSeconds * 1000;
  const authenticate = jwtAuthentication({ ...options, toleranceMs: 0, now: () => new Date(nowMs) });
  const header = headers(`Bearer ${await token({ claims: { exp: nowSeconds + 600 } })}`);

  assert.equal(authenticate.recognize?.(header), undefined);
  await authenticate(background(), header);
  assert.equal(authenticate.recognize?.(header)?.principal, 'ann');
  assert.equal(authenticate.recognize?.(headers('Bearer forged')), undefined);
  assert.equal(authenticate.recognize?.(headers('Basic YTpi')), undefined);
  nowMs += 599_999;
  assert.equal(authenticate.recognize?.(header)?.principal, 'ann');
  nowMs += 1;
  assert.equal(authenticate.recognize?.(header), undefined);
});

test('with a cache of size 0 every call checks the signature', async () => {
  const secretBytes = new TextEncoder().encode(secret);
  const authenticate = jwtAuthentication({ ...options, keys: [{ secret: secretBytes }], cacheSize: 0 });
  const header = headers(`Bearer ${await token()}`);
  assert.equal((await authenticate(background(), header))?.principal, 'ann');

  secretBytes.fill(0);

  await assert.rejects(authenticate(background(), header), { reason: 'INVALID_TOKEN' });
});

test('a header that is not a bearer token is refused', async () => {
  await assert.rejects(jwtAuthentication(options)(background(), headers('Basic YTpi')), {
    reason: 'INVALID_TOKEN',
  });
});

test('options that would let anybody in are refused at once', () => {
  assert.throws(() => jwtAuthentication({ ...options, algorithms: [] }), /no algorithms/);
  assert.throws(() => jwtAuthentication({ algorithms: ['HS256'] }), /no keys/);
  assert.throws(() => jwtAuthentication({ ...options, keys: [{ secret: 'short' }] }), /5 bytes; RFC 7518 asks for 32/);
});

test('keys of several kinds stand side by side: each token is checked with those that can have signed it', async () => {
  const pairs = await Promise.all(
    (['RS256', 'ES256', 'ES384', 'EdDSA'] as const).map(async (alg) => ({ alg, pair: await generateKeyPair(alg) })),
  );
  const keys = await Promise.all(pairs.map(async ({ pair }) => ({ jwk: { ...(await exportJWK(pair.publicKey)) } })));
  const all: Partial<JwtOptions> = {
    keys: [...keys, { secret }],
    algorithms: ['HS256', ...pairs.map(({ alg }) => alg)],
  };

  for (const { alg, pair } of pairs) {
    const signed = await token({ key: pair.privateKey, header: { alg } });
    assert.deepEqual(await authenticate(signed, all), { principal: 'ann', tenant: 'acme' }, alg);
  }
  assert.equal((await authenticate(await token(), all))?.principal, 'ann');
});

test('a jwk that is no public key of a known kind is refused at once', () => {
  const jwk = { kty: 'oct', k: 'c2VjcmV0' };

  assert.throws(
    () => jwtAuthentication({ ...options, keys: [{ jwk }] }),
    /kty "oct"; give a public key: RSA, EC or OKP/,
  );
});

test('access decides what a missing and a bad token mean', async () => {
  const auth = { authenticate: jwtAuthentication(options), anonymous: { tenant: 'guests', principal: '' } };
  const who = (access: 'public' | 'optional' | 'required', authorization?: string) =>
    identify(background(), headers(authorization), access, auth);
  const good = `Bearer ${await token()}`;

  assert.equal((await who('required', good)).principal, 'ann');
  assert.equal((await who('optional', good)).principal, 'ann');
  assert.equal((await who('optional')).tenant, 'guests');
  assert.equal((await who('public', 'Bearer stale')).tenant, 'guests');
  await assert.rejects(who('optional', 'Bearer stale'), { reason: 'INVALID_TOKEN' });
  await assert.rejects(who('required'), { code: 'unauthenticated', reason: 'MISSING_TOKEN' });
});
