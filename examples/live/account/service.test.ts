import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { background } from 'flotilla/concurrency';
import { decodeJwt, jwtVerify } from 'jose';
import { AccountService } from '../gen/live/account/v1/account_pb.ts';
import { callOf, openSqlite, serve } from '../testing.ts';
import { Accounts } from './domain.ts';
import { scryptHasher } from './password.ts';
import { accountService } from './service.ts';
import { type AccountTables, accountMigrations, SqlAccountStore } from './store.ts';
import { jwtIssuer } from './token.ts';

const secret = 'a secret of at least thirty-two bytes';
const anonymous = callOf('');

async function setUp(t: TestContext) {
  const store = new SqlAccountStore(await openSqlite<AccountTables>(t, accountMigrations));
  const tokens = jwtIssuer({ secret, now: Date.now });
  const accounts = new Accounts({ store, passwords: scryptHasher({ cost: 10 }), tokens, now: Date.now });
  return await serve(t, AccountService, accountService(accounts));
}

describe('AccountService', () => {
  it('signs up, signs in, and gives a token that says who and of which tenant', async (t) => {
    const client = await setUp(t);

    const { account } = await client.signUp(anonymous, { name: 'ann', password: 'correct horse' });
    const { token, expireTime } = await client.signIn(anonymous, { name: 'ann', password: 'correct horse' });

    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      issuer: 'live.account',
      audience: 'live',
    });
    assert.equal(payload.sub, account?.id);
    assert.equal(payload.tenant, 'acme');
    assert.equal(expireTime && timestampMs(expireTime), Number(payload.exp) * 1000);
  });

  it('gives a token without a tenant where there is none', async (t) => {
    const client = await setUp(t);

    const { token } = await client.signUp(background(), { name: 'ann', password: 'correct horse' });

    assert.equal('tenant' in decodeJwt(token), false);
  });

  it('shows the caller itself and its wallet', async (t) => {
    const client = await setUp(t);
    const { account } = await client.signUp(anonymous, { name: 'ann', password: 'correct horse' });
    const me = callOf(account?.id ?? '');

    assert.deepEqual((await client.getMe(me, {})).account, account);
    assert.equal((await client.getWallet(me, {})).wallet?.coins, 1_000n);
    assert.deepEqual((await client.getAccount(anonymous, { id: account?.id ?? '' })).account, account);
    assert.deepEqual((await client.batchGetAccounts(me, { ids: [account?.id ?? '', 'none'] })).accounts, [account]);
  });

  it('refuses an anonymous caller where an account is needed', async (t) => {
    const client = await setUp(t);

    await assert.rejects(client.getMe(anonymous, {}), { code: 'unauthenticated', reason: 'SIGN_IN_REQUIRED' });
    await assert.rejects(client.getWallet(anonymous, {}), { code: 'unauthenticated', reason: 'SIGN_IN_REQUIRED' });
  });

  it('says over the wire why it refuses', async (t) => {
    const client = await setUp(t);
    await client.signUp(anonymous, { name: 'ann', password: 'correct horse' });

    await assert.rejects(client.signUp(anonymous, { name: 'ANN', password: 'correct horse' }), {
      code: 'already_exists',
      reason: 'NAME_TAKEN',
      domain: 'live.account',
    });
    await assert.rejects(client.signIn(anonymous, { name: 'ann', password: 'wrong horse' }), {
      code: 'unauthenticated',
      reason: 'WRONG_CREDENTIALS',
    });
  });

  it('moves the caller’s coins once per key', async (t) => {
    const client = await setUp(t);
    const [ann, bob] = await Promise.all(
      ['ann', 'bob'].map(
        async (name) => (await client.signUp(anonymous, { name, password: 'correct horse' })).account?.id ?? '',
      ),
    );
    const transfer = { fromAccountId: ann ?? '', toAccountId: bob ?? '', coins: 300n, requestKey: 'k' };

    const first = await client.transfer(callOf(ann ?? ''), transfer);
    const second = await client.transfer(callOf(ann ?? ''), transfer);

    assert.deepEqual([first.fromWallet?.coins, first.repeatedRequest], [700n, false]);
    assert.deepEqual([second.fromWallet?.coins, second.repeatedRequest], [700n, true]);
    await assert.rejects(client.transfer(callOf(bob ?? ''), transfer), { reason: 'NOT_YOUR_WALLET' });
  });
});
