import type { RpcClient } from 'flotilla/rpc';
import type { AccountService } from '../gen/live/account/v1/account_pb.ts';
import type { RankService } from '../gen/live/rank/v1/rank_pb.ts';
import { type RoomService, RoomState } from '../gen/live/room/v1/room_pb.ts';
import type { RankBoard, RoomDirectory, Wallets } from './domain.ts';

/** The wallets of the account service. */
export function remoteWallets(accounts: Pick<RpcClient<typeof AccountService>, 'transfer'>): Wallets {
  return {
    async transfer(ctx, { fromId, toId, coins, key }) {
      const { fromWallet } = await accounts.transfer(ctx, {
        fromAccountId: fromId,
        toAccountId: toId,
        coins: BigInt(coins),
        requestKey: key,
      });
      return { coinsLeft: Number(fromWallet?.coins ?? 0n) };
    },
  };
}

/** The rooms of the room service. */
export function remoteRooms(rooms: Pick<RpcClient<typeof RoomService>, 'getRoom' | 'publishEvent'>): RoomDirectory {
  return {
    async get(ctx, id) {
      const { room } = await rooms.getRoom(ctx, { id });
      return { hostId: room?.hostId ?? '', isOpen: room?.state === RoomState.OPEN };
    },
    async tell(ctx, { id, roomId, senderId, senderName, kind, count, coins }) {
      const gift = { senderId, senderName, gift: kind, count, coins: BigInt(coins) };
      await rooms.publishEvent(ctx, { roomId, eventKey: id, happened: { case: 'gift', value: gift } });
    },
  };
}

/** The ranking of the rank service. */
export function remoteRanks(ranks: Pick<RpcClient<typeof RankService>, 'record'>): RankBoard {
  return {
    async record(ctx, { id, roomId, senderId, senderName, coins, count }) {
      await ranks.record(ctx, { giftId: id, roomId, senderId, senderName, coins: BigInt(coins), count });
    },
  };
}
