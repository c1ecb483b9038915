import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { background } from 'flotilla/concurrency';
import { newId } from '../ids.ts';
import type { OpenDatabase } from '../testing.ts';
import type { Gift } from './domain.ts';
import { type GiftTables, giftMigrations, SqlGiftStore } from './store.ts';

const ctx = background();

/** What the store does on every database. */
export function giftStoreContract(database: string, open: OpenDatabase): void {
  describe(`gifts on ${database}`, () => {
    const setUp = async (t: TestContext) => new SqlGiftStore(await open<GiftTables>(t, giftMigrations));

    it('finds a gift by its sender and request key, within its tenant', async (t) => {
      const store = await setUp(t);
      const gift = newGift('k');
      await store.intend(ctx, 'acme', gift);

      assert.deepEqual(await store.findByKey(ctx, 'acme', 'viewer', 'k'), gift);
      assert.equal(await store.findByKey(ctx, 'acme', 'viewer', 'K'), undefined);
      assert.equal(await store.findByKey(ctx, 'acme', 'other', 'k'), undefined);
      assert.equal(await store.findByKey(ctx, 'other', 'viewer', 'k'), undefined);
    });

    it('takes a request key of a sender once, also when it comes many times at once', async (t) => {
      const store = await setUp(t);

      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, () => store.intend(ctx, 'acme', newGift('k'))),
      );

      const reasons = outcomes
        .map((outcome) => (outcome.status === 'rejected' ? outcome.reason.reason : 'done'))
        .sort();
      assert.deepEqual(reasons, [...Array(9).fill('KEY_TAKEN'), 'done']);
    });

    it('moves a gift on from the states that are named, and from no other', async (t) => {
      const store = await setUp(t);
      const gift = newGift('k');
      await store.intend(ctx, 'acme', gift);
      const stateNow = async () => (await store.findByKey(ctx, 'acme', 'viewer', 'k'))?.state;

      await store.advance(ctx, 'acme', gift.id, ['paid'], 'told');
      assert.equal(await stateNow(), 'intended');
      await store.advance(ctx, 'other', gift.id, ['intended'], 'paid');
      assert.equal(await stateNow(), 'intended');
      await store.advance(ctx, 'acme', gift.id, ['intended', 'refused'], 'paid');
      assert.equal(await stateNow(), 'paid');
    });

    it('lets only the latest attempt refuse a gift, and none that is paid', async (t) => {
      const store = await setUp(t);
      const gift = newGift('k');
      await store.intend(ctx, 'acme', gift);
      const now = async () => {
        const found = await store.findByKey(ctx, 'acme', 'viewer', 'k');
        return [found?.state, found?.attempt];
      };

      assert.equal(await store.retry(ctx, 'acme', gift.id), 2);
      await store.refuse(ctx, 'acme', gift.id, 1);
      assert.deepEqual(await now(), ['intended', 2]);
      await store.refuse(ctx, 'acme', gift.id, 2);
      assert.deepEqual(await now(), ['refused', 2]);
      assert.equal(await store.retry(ctx, 'acme', gift.id), 3);
      assert.deepEqual(await now(), ['intended', 3]);
      await store.advance(ctx, 'acme', gift.id, ['intended'], 'paid');
      await store.refuse(ctx, 'acme', gift.id, 3);
      assert.equal(await store.retry(ctx, 'acme', gift.id), 3);
      assert.deepEqual(await now(), ['paid', 3]);
    });

    it('gives what is unfinished and untouched for long, of all tenants, once per period', async (t) => {
      const store = await setUp(t);
      const gifts = {
        old: newGift('1', 10),
        recent: newGift('2', 90),
        told: newGift('3', 10),
        refused: newGift('4', 10),
      };
      for (const gift of Object.values(gifts)) await store.intend(ctx, 'acme', gift);
      const foreign = newGift('5', 11);
      await store.intend(ctx, 'other', foreign);
      await store.advance(ctx, 'acme', gifts.told.id, ['intended'], 'told');
      await store.refuse(ctx, 'acme', gifts.refused.id, 1);

      const found = await store.takeUnfinished(ctx, 50, 100, 10);

      assert.deepEqual(found, [
        { tenant: 'acme', gift: gifts.old },
        { tenant: 'other', gift: foreign },
      ]);
      assert.deepEqual(await store.takeUnfinished(ctx, 50, 100, 10), []);
      assert.equal((await store.takeUnfinished(ctx, 200, 300, 2)).length, 2);
    });
  });
}

function newGift(requestKey: string, createdMs = 5): Gift {
  return {
    id: newId(createdMs),
    roomId: 'r',
    senderId: 'viewer',
    senderName: 'Vic',
    receiverId: 'host',
    kind: 'rose',
    count: 2,
    coins: 2,
    requestKey,
    state: 'intended',
    attempt: 1,
    createdMs,
  };
}
