import { type Implementation, implement } from 'flotilla/rpc';
import { tenantOf } from '../caller.ts';
import { RankService } from '../gen/live/rank/v1/rank_pb.ts';
import type { Ranking } from './domain.ts';

/** The ranking as an RPC service. */
export function rankService(ranking: Ranking): Implementation {
  return implement(RankService, {
    async getRanking(ctx, { roomId, limit }) {
      const entries = await ranking.top(ctx, tenantOf(ctx), roomId, limit);
      return {
        entries: entries.map(({ accountId, name, coins, gifts }, index) => ({
          position: index + 1,
          accountId,
          name,
          coins: BigInt(coins),
          gifts: BigInt(gifts),
        })),
      };
    },
    async record(ctx, { coins, ...record }) {
      await ranking.record(ctx, tenantOf(ctx), { ...record, coins: Number(coins) });
      return {};
    },
  });
}
