import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background } from 'flotilla/concurrency';
import { Gifts } from './domain.ts';
import { CrashPoint, FakeGiftStore, FakeWorld } from './fakes.ts';
import { GiftRecovery } from './recovery.ts';

const ctx = background();
const viewer = { tenant: 'acme', accountId: 'viewer' };
const request = { roomId: 'r', kind: 'cake', count: 3, requestKey: 'k' };

function setUp() {
  const crash = new CrashPoint();
  const store = new FakeGiftStore(crash);
  const world = new FakeWorld(crash);
  let nowMs = 1_000_000;
  const now = () => nowMs;
  const gifts = new Gifts({
    store,
    wallets: world.wallets,
    rooms: world.rooms,
    ranks: world.ranks,
    names: world.names,
    now,
  });
  const recovery = new GiftRecovery({ gifts, store, now, abandonedAfterMs: 1_000 });
  return { crash, store, world, gifts, recovery, pass: (ms: number) => (nowMs += ms) };
}

describe('sending a gift', () => {
  it('moves its price to the host, tells the room and the ranking', async () => {
    const { gifts, world, store } = setUp();

    const { gift, coinsLeft } = await gifts.send(ctx, viewer, request);

    assert.equal(gift.coins, 30);
    assert.equal(gift.senderName, 'name of viewer');
    assert.equal(coinsLeft, 970);
    assert.deepEqual(
      [...world.coins],
      [
        ['viewer', 970],
        ['host', 1_030],
      ],
    );
    assert.deepEqual([world.told.size, world.ranked.size], [1, 1]);
    assert.equal(store.rows[0]?.gift.state, 'told');
  });

  it('takes no count for one', async () => {
    assert.equal((await setUp().gifts.send(ctx, viewer, { ...request, count: 0 })).gift.coins, 10);
  });

  it('moves coins once for a repeated request key, and answers the same gift', async () => {
    const { gifts, world } = setUp();
    const first = await gifts.send(ctx, viewer, request);

    const again = await Promise.all([1, 2, 3].map(() => gifts.send(ctx, viewer, request)));

    assert.deepEqual(
      again.map(({ gift, coinsLeft }) => [gift.id, coinsLeft]),
      Array(3).fill([first.gift.id, 970]),
    );
    assert.equal(world.coins.get('host'), 1_030);
  });

  it('moves coins once for the same request many times at once', async () => {
    const { gifts, world, store } = setUp();

    await Promise.all(Array.from({ length: 20 }, () => gifts.send(ctx, viewer, request)));

    assert.equal(world.coins.get('host'), 1_030);
    assert.equal(store.rows.length, 1);
  });

  const refused = [
    { title: 'a gift that does not exist', change: { kind: 'yacht' }, reason: 'UNKNOWN_GIFT' },
    { title: 'a negative count', change: { count: -1 }, reason: 'INVALID_COUNT' },
    { title: 'a count that is too large', change: { count: 100 }, reason: 'INVALID_COUNT' },
    { title: 'an empty request key', change: { requestKey: '' }, reason: 'INVALID_REQUEST_KEY' },
    { title: 'an endless request key', change: { requestKey: 'k'.repeat(65) }, reason: 'INVALID_REQUEST_KEY' },
  ];
  for (const { title, change, reason } of refused) {
    it(`refuses ${title}, and nothing moves`, async () => {
      const { gifts, world, store } = setUp();

      await assert.rejects(gifts.send(ctx, viewer, { ...request, ...change }), { reason });
      assert.equal(world.transfers.size + store.rows.length, 0);
    });
  }

  it('refuses a closed room, and the own room', async () => {
    const { gifts, world } = setUp();

    await assert.rejects(gifts.send(ctx, { tenant: 'acme', accountId: 'host' }, request), { reason: 'OWN_ROOM' });
    world.isOpen = false;
    await assert.rejects(gifts.send(ctx, viewer, request), { reason: 'ROOM_CLOSED' });
  });

  it('refuses a request key that came with another gift, but not that of another sender or tenant', async () => {
    const { gifts, world } = setUp();
    await gifts.send(ctx, viewer, request);
    world.coins.set('second', 1_000);

    for (const change of [{ kind: 'rose' }, { count: 2 }, { roomId: 'other' }]) {
      await assert.rejects(gifts.send(ctx, viewer, { ...request, ...change }), { reason: 'REQUEST_KEY_REUSED' });
    }
    await gifts.send(ctx, { tenant: 'acme', accountId: 'second' }, { ...request, kind: 'rose' });
    await gifts.send(ctx, { tenant: 'other', accountId: 'viewer' }, { ...request, kind: 'rose' });
  });

  it('refuses what the wallet does not hold; under the same key it goes once there is enough', async () => {
    const { gifts, world, store } = setUp();
    world.coins.set('viewer', 29);

    await assert.rejects(gifts.send(ctx, viewer, request), { reason: 'NOT_ENOUGH_COINS' });
    assert.equal(store.rows[0]?.gift.state, 'refused');
    world.coins.set('viewer', 31);
    const { coinsLeft } = await gifts.send(ctx, viewer, request);

    assert.equal(coinsLeft, 1);
    assert.equal(store.rows[0]?.gift.state, 'told');
    assert.equal(world.told.size, 1);
  });
});

describe('a process that dies while it sends a gift', () => {
  /** As many as there are effects in one sending, before and after each. */
  const points = 12;

  for (let at = 0; at < points; at++) {
    it(`at point ${at}: another one finishes the gift or nothing has happened`, async () => {
      const { crash, gifts, recovery, store, world, pass } = setUp();
      crash.at = at;
      await gifts.send(ctx, viewer, request).catch(() => {});
      crash.at = Number.POSITIVE_INFINITY;

      pass(2_000);
      await recovery.recover(ctx);

      const intended = store.rows.length === 1;
      assert.equal(world.coins.get('viewer'), intended ? 970 : 1_000);
      assert.equal((world.coins.get('viewer') ?? 0) + (world.coins.get('host') ?? 0), 2_000);
      assert.deepEqual([world.told.size, world.ranked.size], intended ? [1, 1] : [0, 0]);
      if (intended) assert.equal(store.rows[0]?.gift.state, 'told');
    });

    it(`at point ${at}: the same request sent again moves the coins once`, async () => {
      const { crash, gifts, world, store } = setUp();
      crash.at = at;
      await gifts.send(ctx, viewer, request).catch(() => {});
      crash.at = Number.POSITIVE_INFINITY;

      await gifts.send(ctx, viewer, request);

      assert.equal(world.coins.get('viewer'), 970);
      assert.equal(world.transfers.size, 1);
      assert.deepEqual([world.told.size, world.ranked.size], [1, 1]);
      assert.equal(store.rows[0]?.gift.state, 'told');
    });
  }

  for (let at = 0; at < points; at++) {
    it(`at point ${at} of a gift that was refused before: no coin moves without the gift being told`, async () => {
      const { crash, gifts, recovery, store, world, pass } = setUp();
      world.coins.set('viewer', 29);
      await assert.rejects(gifts.send(ctx, viewer, request), { reason: 'NOT_ENOUGH_COINS' });
      world.coins.set('viewer', 1_000);
      crash.step = 0;
      crash.at = at;
      await gifts.send(ctx, viewer, request).catch(() => {});
      crash.at = Number.POSITIVE_INFINITY;

      pass(2_000);
      await recovery.recover(ctx);

      const isPaid = world.coins.get('viewer') === 970;
      assert.equal((world.coins.get('viewer') ?? 0) + (world.coins.get('host') ?? 0), 2_000);
      assert.deepEqual([world.told.size, world.ranked.size], isPaid ? [1, 1] : [0, 0]);
      assert.equal(store.rows[0]?.gift.state, isPaid ? 'told' : 'refused');
    });
  }

  it('is not outdone by an earlier attempt that is refused late', async () => {
    const { gifts, recovery, store, world, pass, crash } = setUp();
    world.coins.set('viewer', 29);
    const late = Promise.withResolvers<void>();
    const refuse = store.refuse.bind(store);
    let died = false;
    store.refuse = async (...args) => {
      // The first attempt was refused; before it can say so, coins come, and another one pays and dies.
      store.refuse = refuse;
      world.coins.set('viewer', 1_000);
      store.advance = async () => {
        died = true;
        throw new Error('the process died');
      };
      await assert.rejects(gifts.send(ctx, viewer, request), /died/);
      store.advance = FakeGiftStore.prototype.advance.bind(store);
      await refuse(...args);
      late.resolve();
    };
    await assert.rejects(gifts.send(ctx, viewer, request), { reason: 'NOT_ENOUGH_COINS' });
    await late.promise;

    pass(2_000);
    await recovery.recover(ctx);

    assert.ok(died && crash.step > 0);
    assert.equal(world.coins.get('viewer'), 970);
    assert.deepEqual([world.told.size, world.ranked.size], [1, 1]);
    assert.equal(store.rows[0]?.gift.state, 'told');
  });

  it('has that many points and no more', async () => {
    const { crash, gifts } = setUp();

    await gifts.send(ctx, viewer, request);

    assert.equal(crash.step, points);
  });

  it('has as many points after a refusal: the gift is intended anew', async () => {
    const { crash, gifts, world } = setUp();
    world.coins.set('viewer', 29);
    await assert.rejects(gifts.send(ctx, viewer, request), { reason: 'NOT_ENOUGH_COINS' });
    world.coins.set('viewer', 1_000);
    crash.step = 0;

    await gifts.send(ctx, viewer, request);

    assert.equal(crash.step, points);
  });

  it('leaves gifts alone that somebody may still be working on', async () => {
    const { crash, gifts, recovery, pass } = setUp();
    crash.at = 3;
    await gifts.send(ctx, viewer, request).catch(() => {});
    crash.at = Number.POSITIVE_INFINITY;

    pass(999);

    assert.equal(await recovery.recover(ctx), 0);
  });
});

describe('neighbours that are away', () => {
  it('do not take a paid gift back: they are told later', async () => {
    const { gifts, recovery, store, world, pass } = setUp();
    const tell = world.ranks.record;
    world.ranks.record = async () => {
      throw new Error('the ranking is away');
    };

    const { coinsLeft } = await gifts.send(ctx, viewer, request);
    assert.equal(coinsLeft, 970);
    assert.equal(store.rows[0]?.gift.state, 'paid');
    world.ranks.record = tell;
    pass(2_000);
    await recovery.recover(ctx);

    assert.equal(store.rows[0]?.gift.state, 'told');
    assert.equal(world.ranked.size, 1);
  });
});
