import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, type Context } from 'flotilla/concurrency';
import {
  type Account,
  AccountErrors,
  type AccountStore,
  Accounts,
  type PasswordHasher,
  welcomeCoins,
} from './domain.ts';

const ctx = background();

class FakeStore implements AccountStore {
  readonly rows: { tenant: string; account: Account; passwordHash: string; coins: number }[] = [];

  async create(_ctx: Context, tenant: string, account: Account, passwordHash: string, coins: number) {
    this.rows.push({ tenant, account, passwordHash, coins });
  }
  async findByName(_ctx: Context, tenant: string, name: string) {
    return this.rows.find((row) => row.tenant === tenant && row.account.name === name);
  }
  async find(_ctx: Context, tenant: string, ids: readonly string[]) {
    return this.rows.filter((row) => row.tenant === tenant && ids.includes(row.account.id)).map((row) => row.account);
  }
  async coins(_ctx: Context, tenant: string, id: string) {
    return this.rows.find((row) => row.tenant === tenant && row.account.id === id)?.coins;
  }
  async transfer() {
    return { coinsLeft: 0, repeated: false };
  }
}

class FakeHasher implements PasswordHasher {
  readonly verified: (string | undefined)[] = [];

  async hash(_ctx: Context, password: string) {
    return `hash of ${password}`;
  }
  async verify(_ctx: Context, password: string, hash: string | undefined) {
    this.verified.push(hash);
    return hash === `hash of ${password}`;
  }
}

function setUp() {
  const store = new FakeStore();
  const passwords = new FakeHasher();
  const tokens = {
    issue: async ({ tenant, accountId }: { tenant: string; accountId: string }) => ({
      token: `${tenant}/${accountId}`,
      expiresMs: 5_000,
    }),
  };
  return { store, passwords, accounts: new Accounts({ store, passwords, tokens, now: () => 1_000 }) };
}

describe('signing up', () => {
  it('opens an account with coins in its wallet and signs it in', async () => {
    const { accounts } = setUp();

    const { account, token } = await accounts.signUp(ctx, 'acme', 'ann', 'correct horse');

    assert.equal(account.name, 'ann');
    assert.equal(token, `acme/${account.id}`);
    assert.equal(await accounts.wallet(ctx, { tenant: 'acme', accountId: account.id }), welcomeCoins);
  });

  it('keeps the hash of the password and nothing else of it', async () => {
    const { accounts, store } = setUp();

    await accounts.signUp(ctx, 'acme', 'ann', 'correct horse');

    assert.equal(store.rows[0]?.passwordHash, 'hash of correct horse');
  });

  const names = ['', 'a', 'has space', 'x'.repeat(33), 'naïve', 'a/b', 'a\nb'];
  for (const name of names) {
    it(`refuses the name ${JSON.stringify(name)}`, async () => {
      await assert.rejects(setUp().accounts.signUp(ctx, 'acme', name, 'correct horse'), { reason: 'INVALID_NAME' });
    });
  }

  for (const length of [0, 7, 129]) {
    it(`refuses a password of ${length} characters without repeating it`, async () => {
      const password = 's'.repeat(length);

      await assert.rejects(setUp().accounts.signUp(ctx, 'acme', 'ann', password), (error: Error) => {
        assert.match(error.message, new RegExp(`the password has ${length} characters; give 8 to 128`));
        return true;
      });
    });
  }
});

describe('signing in', () => {
  it('takes the right password', async () => {
    const { accounts } = setUp();
    const { account } = await accounts.signUp(ctx, 'acme', 'ann', 'correct horse');

    const signedIn = await accounts.signIn(ctx, 'acme', 'ann', 'correct horse');

    assert.deepEqual(signedIn.account, account);
  });

  const wrong = [
    { title: 'another password', tenant: 'acme', name: 'ann', password: 'wrong horse' },
    { title: 'a name that nobody has', tenant: 'acme', name: 'bob', password: 'correct horse' },
    { title: 'an account of another tenant', tenant: 'other', name: 'ann', password: 'correct horse' },
    { title: 'a name that cannot be', tenant: 'acme', name: '\u0000', password: 'correct horse' },
    { title: 'a huge password', tenant: 'acme', name: 'ann', password: 'x'.repeat(10_000) },
  ];
  for (const { title, tenant, name, password } of wrong) {
    it(`answers ${title} with the same words, after the same work`, async () => {
      const { accounts, passwords } = setUp();
      await accounts.signUp(ctx, 'acme', 'ann', 'correct horse');

      await assert.rejects(accounts.signIn(ctx, tenant, name, password), {
        reason: 'WRONG_CREDENTIALS',
        message: 'the name or the password is wrong',
      });
      assert.equal(passwords.verified.length, 1);
    });
  }
});

describe('accounts', () => {
  it('are not shown to another tenant', async () => {
    const { accounts } = setUp();
    const { account } = await accounts.signUp(ctx, 'acme', 'ann', 'correct horse');

    await assert.rejects(accounts.get(ctx, 'other', account.id), { reason: 'ACCOUNT_NOT_FOUND' });
    assert.deepEqual(await accounts.getMany(ctx, 'other', [account.id]), []);
  });

  it('are found many at once, up to 100', async () => {
    const { accounts } = setUp();
    const { account } = await accounts.signUp(ctx, 'acme', 'ann', 'correct horse');

    assert.deepEqual(await accounts.getMany(ctx, 'acme', [account.id, account.id, 'none']), [account]);
    await assert.rejects(accounts.getMany(ctx, 'acme', Array(101).fill('x')), { reason: 'TOO_MANY_IDS' });
  });
});

describe('transfers', () => {
  const caller = { tenant: 'acme', accountId: 'a' };
  const good = { fromId: 'a', toId: 'b', coins: 5, requestKey: 'k' };
  const refused = [
    { title: 'out of somebody else’s wallet', change: { fromId: 'c' }, error: AccountErrors.NOT_YOUR_WALLET },
    { title: 'to oneself', change: { toId: 'a' }, error: AccountErrors.INVALID_TRANSFER },
    { title: 'of nothing', change: { coins: 0 }, error: AccountErrors.INVALID_TRANSFER },
    { title: 'of less than nothing', change: { coins: -5 }, error: AccountErrors.INVALID_TRANSFER },
    { title: 'of a fraction', change: { coins: 1.5 }, error: AccountErrors.INVALID_TRANSFER },
    { title: 'of more than there can be', change: { coins: 2 ** 60 }, error: AccountErrors.INVALID_TRANSFER },
    { title: 'without a key', change: { requestKey: '' }, error: AccountErrors.INVALID_TRANSFER },
    { title: 'with an endless key', change: { requestKey: 'k'.repeat(101) }, error: AccountErrors.INVALID_TRANSFER },
  ];
  for (const { title, change, error } of refused) {
    it(`are refused ${title}`, async () => {
      await assert.rejects(setUp().accounts.transfer(ctx, caller, { ...good, ...change }), { reason: error.reason });
    });
  }
});
