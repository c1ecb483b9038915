import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { background, type Context, sleep } from 'flotilla/concurrency';
import * as errors from 'flotilla/errors';
import { createRpcClient } from 'flotilla/rpc';
import { cleanup } from 'flotilla/testing';
import { main as account } from '../account/main.ts';
import { AccountService } from '../gen/live/account/v1/account_pb.ts';
import { GiftService } from '../gen/live/gift/v1/gift_pb.ts';
import { RankService } from '../gen/live/rank/v1/rank_pb.ts';
import { RoomService } from '../gen/live/room/v1/room_pb.ts';
import { main as rank } from '../rank/main.ts';
import { main as room } from '../room/main.ts';
import { callOf, startServices } from '../testing.ts';
import { main as gift } from './main.ts';

/** The four services with their databases and sockets, two replicas of `room` and of `gift`; a host with a room, and a viewer. */
async function setUp(t: TestContext) {
  const resolver = await startServices(t, {
    'account-1': account,
    'room-1': room,
    'room-2': room,
    'rank-1': rank,
    'gift-1': gift,
    'gift-2': gift,
  });
  const accounts = createRpcClient(AccountService, { target: 'account', resolver, timeoutMs: 60_000 });
  const rooms = createRpcClient(RoomService, { target: 'room', resolver });
  const ranks = createRpcClient(RankService, { target: 'rank', resolver });
  const gifts = createRpcClient(GiftService, { target: 'gift', resolver, timeoutMs: 60_000 });
  cleanup(t, () => {
    for (const client of [accounts, rooms, ranks, gifts]) client[Symbol.dispose]();
  });
  const [host, viewer] = await Promise.all(
    ['host', 'viewer'].map(async (name) => {
      const { account } = await accounts.signUp(callOf(''), { name, password: 'correct horse' });
      return callOf(account?.id ?? '');
    }),
  );
  assert.ok(host && viewer);
  const roomId = (await rooms.createRoom(host, { title: 'Songs' })).room?.id ?? '';
  const coinsOf = async (ctx: Context) => Number((await accounts.getWallet(ctx, {})).wallet?.coins);
  return { accounts, rooms, ranks, gifts, host, viewer, roomId, coinsOf };
}

describe('GiftService', () => {
  it('lists what can be given, cheapest first', async (t) => {
    const { gifts } = await setUp(t);

    const { giftKinds } = await gifts.listGiftKinds(background(), {});

    const prices = giftKinds.map(({ coins }) => Number(coins));
    assert.deepEqual(
      prices,
      prices.toSorted((a, b) => a - b),
    );
    assert.ok(giftKinds.length >= 3);
  });

  it('sends a gift through account, room and rank', async (t) => {
    const { gifts, rooms, ranks, host, viewer, roomId, coinsOf } = await setUp(t);
    using watching = host.withTimeout(60_000);

    const { gift, coinsLeft } = await gifts.sendGift(viewer, { roomId, gift: 'cake', count: 2, requestKey: 'k' });

    assert.equal(gift?.coins, 20n);
    assert.equal(gift?.senderName, 'viewer');
    assert.equal(coinsLeft, 980n);
    assert.deepEqual([await coinsOf(viewer), await coinsOf(host)], [980, 1_020]);
    const { entries } = await ranks.getRanking(viewer, { roomId });
    assert.deepEqual(
      entries.map(({ name, coins, gifts }) => [name, coins, gifts]),
      [['viewer', 20n, 2n]],
    );
    for await (const { event } of rooms.watch(watching, { roomId, afterEventId: '0' })) {
      if (event === undefined) continue;
      assert.equal(event.happened.case, 'gift');
      break;
    }
  });

  it('says over the wire why it refuses, and whose reason that is', async (t) => {
    const { gifts, rooms, host, viewer, roomId, coinsOf } = await setUp(t);
    const send = (ctx: Context, change: object) =>
      gifts.sendGift(ctx, { roomId, gift: 'rocket', count: 1, requestKey: crypto.randomUUID(), ...change });

    await assert.rejects(send(viewer, { count: 6 }), { reason: 'NOT_ENOUGH_COINS', domain: 'live.account' });
    await assert.rejects(send(viewer, { gift: 'yacht' }), { reason: 'UNKNOWN_GIFT', domain: 'live.gift' });
    await assert.rejects(send(viewer, { roomId: 'none' }), { reason: 'ROOM_NOT_FOUND', domain: 'live.room' });
    await assert.rejects(send(host, {}), { reason: 'OWN_ROOM' });
    await assert.rejects(send(callOf(''), {}), { reason: 'SIGN_IN_REQUIRED' });
    await rooms.closeRoom(host, { id: roomId });
    await assert.rejects(send(viewer, {}), { code: 'failed_precondition', reason: 'ROOM_CLOSED' });

    assert.deepEqual([await coinsOf(viewer), await coinsOf(host)], [1_000, 1_000]);
  });

  it('conserves every coin in 1,000 concurrent gifts with repeated request keys from one wallet', async (t) => {
    const { gifts, ranks, host, viewer, roomId, coinsOf } = await setUp(t);
    // 400 gifts of 1 or 10 coins, each sent two or three times: more than the wallet holds.
    const requests = Array.from({ length: 1_000 }, (_, i) => {
      const n = i % 400;
      return { roomId, gift: n % 2 === 0 ? 'rose' : 'cake', count: 1, requestKey: `gift-${n}` };
    });

    // As a client does: what is neither sent nor refused, on a busy machine, is sent again under the same key, a little later.
    const send = async (request: (typeof requests)[number]) => {
      for (;;) {
        try {
          return await gifts.sendGift(viewer, request);
        } catch (error) {
          if (!errors.is(error, 'deadline_exceeded') && !errors.is(error, 'unavailable')) throw error;
          await sleep(viewer, 50);
        }
      }
    };
    const outcomes = await Promise.allSettled(requests.map(send));

    const paid = new Map<string, number>();
    const refused = new Map<string, number>();
    for (const [i, outcome] of outcomes.entries()) {
      const key = requests[i]?.requestKey ?? '';
      if (outcome.status === 'fulfilled') paid.set(key, Number(outcome.value.gift?.coins));
      else refused.set(outcome.reason.reason, (refused.get(outcome.reason.reason) ?? 0) + 1);
    }
    const total = [...paid.values()].reduce((sum, coins) => sum + coins, 0);
    assert.deepEqual([...refused.keys()], ['NOT_ENOUGH_COINS']);
    assert.equal(await coinsOf(host), 1_000 + total);
    assert.equal(await coinsOf(viewer), 1_000 - total);
    assert.ok(total > 900 && total <= 1_000, `${total} coins were paid`);
    const { entries } = await ranks.getRanking(viewer, { roomId });
    assert.deepEqual([Number(entries[0]?.coins), Number(entries[0]?.gifts)], [total, paid.size]);
  });
});
