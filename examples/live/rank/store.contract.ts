import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { background } from 'flotilla/concurrency';
import type { OpenDatabase } from '../testing.ts';
import { type RankTables, rankMigrations, SqlRankStore } from './store.ts';

const ctx = background();

/** What the store does on every database. */
export function rankStoreContract(database: string, open: OpenDatabase): void {
  describe(`ranking on ${database}`, () => {
    const setUp = async (t: TestContext) => new SqlRankStore(await open<RankTables>(t, rankMigrations));

    it('adds up what a sender gave, most first', async (t) => {
      const store = await setUp(t);
      await store.add(ctx, 'acme', record('1', 'ann', 5));
      await store.add(ctx, 'acme', record('2', 'bob', 7));
      await store.add(ctx, 'acme', record('3', 'ann', 6));

      assert.deepEqual(await store.top(ctx, 'acme', 'r1', 10), [
        { accountId: 'ann', name: 'ann', coins: 11, gifts: 4 },
        { accountId: 'bob', name: 'bob', coins: 7, gifts: 2 },
      ]);
      assert.equal((await store.top(ctx, 'acme', 'r1', 1)).length, 1);
    });

    it('counts a gift once, however often and however concurrently it is told', async (t) => {
      const store = await setUp(t);

      await Promise.all(Array.from({ length: 20 }, (_, i) => store.add(ctx, 'acme', record(`${i % 5}`, 'ann', 2))));

      assert.deepEqual(
        (await store.top(ctx, 'acme', 'r1', 10)).map(({ coins }) => coins),
        [10],
      );
    });

    it('keeps rooms and tenants apart', async (t) => {
      const store = await setUp(t);
      await store.add(ctx, 'acme', record('1', 'ann', 5));

      assert.deepEqual(await store.top(ctx, 'acme', 'r2', 10), []);
      assert.deepEqual(await store.top(ctx, 'other', 'r1', 10), []);
    });
  });
}

function record(giftId: string, senderId: string, coins: number) {
  return { giftId, roomId: 'r1', senderId, senderName: senderId, coins, count: 2 };
}
