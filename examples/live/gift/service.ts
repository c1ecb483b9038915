import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Implementation, implement } from 'flotilla/rpc';
import { callerOf } from '../caller.ts';
import { GiftService } from '../gen/live/gift/v1/gift_pb.ts';
import { type Gift, type Gifts, giftKinds } from './domain.ts';

/** The gift domain as an RPC service. */
export function giftService(gifts: Gifts): Implementation {
  return implement(GiftService, {
    async listGiftKinds() {
      return { giftKinds: giftKinds.map(({ name, coins }) => ({ name, coins: BigInt(coins) })) };
    },
    async sendGift(ctx, { roomId, gift: kind, count, requestKey }) {
      const { gift, coinsLeft } = await gifts.send(ctx, callerOf(ctx), { roomId, kind, count, requestKey });
      return { gift: toMessage(gift), coinsLeft: BigInt(coinsLeft) };
    },
  });
}

function toMessage({ id, roomId, senderId, senderName, receiverId, kind, count, coins, createdMs }: Gift) {
  return {
    id,
    roomId,
    senderId,
    senderName,
    receiverId,
    gift: kind,
    count,
    coins: BigInt(coins),
    createTime: timestampFromMs(createdMs),
  };
}
