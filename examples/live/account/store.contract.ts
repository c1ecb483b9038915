import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { background } from 'flotilla/concurrency';
import type { OpenDatabase } from '../testing.ts';
import { type AccountTables, accountMigrations, SqlAccountStore } from './store.ts';

const ctx = background();

/** What the store does on every database. */
export function accountStoreContract(database: string, open: OpenDatabase): void {
  describe(`accounts on ${database}`, () => {
    const setUp = async (t: TestContext) => {
      const store = new SqlAccountStore(await open<AccountTables>(t, accountMigrations));
      for (const id of ['ann', 'bob']) await store.create(ctx, 'acme', account(id), `hash-${id}`, 100);
      return store;
    };

    it('finds an account by its name in any case, within its tenant', async (t) => {
      const store = await setUp(t);

      assert.deepEqual(await store.findByName(ctx, 'acme', 'ANN'), {
        account: account('ann'),
        passwordHash: 'hash-ann',
      });
      assert.equal(await store.findByName(ctx, 'other', 'ann'), undefined);
    });

    it('gives a name once per tenant, whatever its case', async (t) => {
      const store = await setUp(t);

      await assert.rejects(store.create(ctx, 'acme', { ...account('x'), name: 'Ann' }, '', 0), {
        reason: 'NAME_TAKEN',
      });
      await store.create(ctx, 'other', account('ann'), '', 0);
    });

    it('finds the accounts that exist', async (t) => {
      const store = await setUp(t);

      const found = await store.find(ctx, 'acme', ['ann', 'nobody', 'bob']);

      assert.deepEqual(found.map(({ id }) => id).sort(), ['ann', 'bob']);
      assert.deepEqual(await store.find(ctx, 'other', ['ann']), []);
    });

    it('moves coins', async (t) => {
      const store = await setUp(t);

      const outcome = await store.transfer(ctx, 'acme', transfer('k', 30), 1);

      assert.deepEqual(outcome, { coinsLeft: 70, repeated: false });
      assert.equal(await store.coins(ctx, 'acme', 'bob'), 130);
    });

    it('moves coins once per key', async (t) => {
      const store = await setUp(t);
      await store.transfer(ctx, 'acme', transfer('k', 30), 1);

      const again = await store.transfer(ctx, 'acme', transfer('k', 30), 2);

      assert.deepEqual(again, { coinsLeft: 70, repeated: true });
      assert.equal(await store.coins(ctx, 'acme', 'bob'), 130);
    });

    it('tells keys apart by case', async (t) => {
      const store = await setUp(t);
      await store.transfer(ctx, 'acme', transfer('k', 30), 1);

      assert.equal((await store.transfer(ctx, 'acme', transfer('K', 30), 1)).repeated, false);
    });

    it('refuses a key that came with another transfer', async (t) => {
      const store = await setUp(t);
      await store.transfer(ctx, 'acme', transfer('k', 30), 1);

      await assert.rejects(store.transfer(ctx, 'acme', transfer('k', 31), 1), { reason: 'REQUEST_KEY_REUSED' });
    });

    it('refuses what the wallet does not hold, and leaves the key free', async (t) => {
      const store = await setUp(t);

      await assert.rejects(store.transfer(ctx, 'acme', transfer('k', 101), 1), {
        reason: 'NOT_ENOUGH_COINS',
        metadata: { needed: '101', left: '100' },
      });

      assert.equal((await store.transfer(ctx, 'acme', transfer('k', 100), 1)).repeated, false);
    });

    it('moves nothing to an account that does not exist, nor across tenants', async (t) => {
      const store = await setUp(t);
      await store.create(ctx, 'other', account('eve'), '', 0);

      for (const toId of ['nobody', 'eve']) {
        await assert.rejects(store.transfer(ctx, 'acme', { ...transfer('k', 1), toId }, 1), {
          reason: 'ACCOUNT_NOT_FOUND',
        });
      }
      await assert.rejects(store.transfer(ctx, 'other', transfer('k', 1), 1), { reason: 'ACCOUNT_NOT_FOUND' });
      assert.equal(await store.coins(ctx, 'acme', 'ann'), 100);
    });

    it('conserves coins when two wallets pay each other many times at once', async (t) => {
      const store = await setUp(t);

      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, (_, i) => {
          const [fromId, toId] = i % 2 === 0 ? ['ann', 'bob'] : ['bob', 'ann'];
          return store.transfer(ctx, 'acme', { fromId, toId, coins: 1 + (i % 40), requestKey: `k${i % 50}` }, 1);
        }),
      );

      const [ann, bob] = [await store.coins(ctx, 'acme', 'ann'), await store.coins(ctx, 'acme', 'bob')];
      assert.equal((ann ?? 0) + (bob ?? 0), 200);
      assert.ok((ann ?? -1) >= 0 && (bob ?? -1) >= 0, `ann ${ann}, bob ${bob}`);
      const reasons = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason.reason);
      assert.deepEqual(
        [...new Set(reasons)].filter((reason) => !['NOT_ENOUGH_COINS', 'REQUEST_KEY_REUSED'].includes(reason)),
        [],
      );
    });
  });
}

function account(id: string) {
  return { id, name: id, createdMs: 7 };
}

function transfer(requestKey: string, coins: number) {
  return { fromId: 'ann', toId: 'bob', coins, requestKey };
}
