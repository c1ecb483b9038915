import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RankService } from '../gen/live/rank/v1/rank_pb.ts';
import { callOf, openSqlite, serve } from '../testing.ts';
import { Ranking } from './domain.ts';
import { rankService } from './service.ts';
import { type RankTables, rankMigrations, SqlRankStore } from './store.ts';

const viewer = callOf('viewer');
const gift = { giftId: 'g', roomId: 'r', senderId: 'ann', senderName: 'Ann', coins: 5n, count: 2 };

describe('RankService', () => {
  it('ranks the senders of a room', async (t) => {
    const store = new SqlRankStore(await openSqlite<RankTables>(t, rankMigrations));
    const client = await serve(t, RankService, rankService(new Ranking(store)));

    await client.record(viewer, gift);
    await client.record(viewer, gift);

    const { entries } = await client.getRanking(viewer, { roomId: 'r' });
    assert.deepEqual(
      entries.map(({ position, accountId, name, coins, gifts }) => [position, accountId, name, coins, gifts]),
      [[1, 'ann', 'Ann', 5n, 2n]],
    );
  });

  const refused = [
    { change: { giftId: '' }, message: /giftId has 0 characters; give 1 to 64/ },
    { change: { roomId: 'r'.repeat(65) }, message: /roomId has 65 characters/ },
    { change: { coins: 0n }, message: /0 coins for 2 gifts/ },
    { change: { count: -1 }, message: /5 coins for -1 gifts/ },
  ];
  for (const { change, message } of refused) {
    it(`refuses ${Object.keys(change)} out of range`, async (t) => {
      const client = await serve(
        t,
        RankService,
        rankService(new Ranking({ add: async () => {}, top: async () => [] })),
      );

      await assert.rejects(client.record(viewer, { ...gift, ...change }), { reason: 'INVALID_RECORD', message });
    });
  }

  it('refuses a limit out of range', async (t) => {
    const client = await serve(t, RankService, rankService(new Ranking({ add: async () => {}, top: async () => [] })));

    await assert.rejects(client.getRanking(viewer, { roomId: 'r', limit: 101 }), { reason: 'INVALID_LIMIT' });
  });
});
