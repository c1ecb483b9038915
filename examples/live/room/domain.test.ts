import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, type Context } from 'flotilla/concurrency';
import {
  type EventFeed,
  type NewEvent,
  type Room,
  type RoomEvent,
  type RoomState,
  type RoomStore,
  Rooms,
} from './domain.ts';

const ctx = background();
const host = { tenant: 'acme', accountId: 'host' };
const viewer = { tenant: 'acme', accountId: 'viewer' };

class FakeStore implements RoomStore {
  readonly rooms = new Map<string, Room>();
  readonly events: NewEvent[] = [];

  async create(_ctx: Context, _tenant: string, room: Room) {
    this.rooms.set(room.id, room);
  }
  async find(_ctx: Context, tenant: string, id: string) {
    return tenant === 'acme' ? this.rooms.get(id) : undefined;
  }
  async list(
    _ctx: Context,
    _tenant: string,
    { state, beforeId, limit }: { state?: RoomState; beforeId?: string; limit: number },
  ) {
    return [...this.rooms.values()]
      .filter((room) => (state === undefined || room.state === state) && (beforeId === undefined || room.id < beforeId))
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit);
  }
  async setState(_ctx: Context, _tenant: string, id: string, state: RoomState) {
    const room = this.rooms.get(id);
    if (room !== undefined) this.rooms.set(id, { ...room, state });
    return this.rooms.get(id);
  }
  async append(_ctx: Context, _tenant: string, _roomId: string, event: NewEvent) {
    return this.events.push(event);
  }
  async eventsAfter() {
    return [];
  }
  async messages() {
    return [];
  }
}

class FakeFeed implements EventFeed {
  woken = 0;
  positions: number[] = [];
  events: RoomEvent[] = [];

  async *follow(_ctx: Context, _tenant: string, _roomId: string, afterSeq: number) {
    this.positions.push(afterSeq);
    yield* this.events;
  }
  wake() {
    this.woken++;
  }
}

function setUp() {
  const store = new FakeStore();
  const feed = new FakeFeed();
  let now = 1_000;
  const rooms = new Rooms({
    store,
    feed,
    names: { nameOf: async (_ctx, _tenant, id) => `name of ${id}` },
    now: () => now++,
  });
  return { store, feed, rooms };
}

describe('rooms', () => {
  it('belong to who creates them, and are open', async () => {
    const { rooms } = setUp();

    const room = await rooms.create(ctx, host, '  Songs by the fire ');

    assert.equal(room.title, 'Songs by the fire');
    assert.equal(room.hostId, 'host');
    assert.equal(room.state, 'open');
  });

  for (const title of ['', '   ', 'x'.repeat(81)]) {
    it(`are refused with a title of ${title.trim().length} characters`, async () => {
      await assert.rejects(setUp().rooms.create(ctx, host, title), { reason: 'INVALID_TITLE' });
    });
  }

  it('count a title by what people see as characters', async () => {
    assert.equal((await setUp().rooms.create(ctx, host, '🎁'.repeat(80))).title.length, 160);
  });

  it('are not shown to another tenant', async () => {
    const { rooms } = setUp();
    const { id } = await rooms.create(ctx, host, 'Songs');

    await assert.rejects(rooms.get(ctx, 'other', id), { reason: 'ROOM_NOT_FOUND' });
  });

  it('are closed and opened by their host only', async () => {
    const { rooms, feed } = setUp();
    const { id } = await rooms.create(ctx, host, 'Songs');

    await assert.rejects(rooms.setState(ctx, viewer, id, 'closed'), { reason: 'NOT_THE_HOST' });
    assert.equal((await rooms.setState(ctx, host, id, 'closed')).state, 'closed');
    assert.equal((await rooms.setState(ctx, host, id, 'open')).state, 'open');
    assert.equal(feed.woken, 2);
  });
});

describe('pages of rooms', () => {
  it('give every room once, newest first', async () => {
    const { rooms } = setUp();
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.unshift((await rooms.create(ctx, host, `Room ${i}`)).id);

    const seen: string[] = [];
    let token = '';
    do {
      const page = await rooms.list(ctx, 'acme', { state: undefined, size: 2, token });
      seen.push(...page.items.map(({ id }) => id));
      token = page.nextPageToken;
    } while (token !== '');

    assert.deepEqual(seen, made);
  });

  it('are empty without a next page where there is nothing', async () => {
    assert.deepEqual(await setUp().rooms.list(ctx, 'acme', { state: 'closed', size: 0, token: '' }), {
      items: [],
      nextPageToken: '',
    });
  });

  it('refuse a token that another list gave, or nobody', async () => {
    const { rooms } = setUp();
    for (let i = 0; i < 2; i++) await rooms.create(ctx, host, 'Room');
    const { nextPageToken } = await rooms.list(ctx, 'acme', { state: undefined, size: 1, token: '' });

    for (const token of [nextPageToken, 'nonsense', Buffer.from('[1]').toString('base64url'), 'x'.repeat(10_000)]) {
      await assert.rejects(rooms.list(ctx, 'acme', { state: 'open', size: 1, token }), {
        reason: 'INVALID_PAGE_TOKEN',
      });
    }
  });

  for (const size of [-1, 101]) {
    it(`are refused with a size of ${size}`, async () => {
      await assert.rejects(setUp().rooms.list(ctx, 'acme', { state: undefined, size, token: '' }), {
        reason: 'INVALID_PAGE_SIZE',
      });
    });
  }
});

describe('messages', () => {
  it('carry the author’s name and wake the watchers', async () => {
    const { rooms, store, feed } = setUp();
    const { id } = await rooms.create(ctx, host, 'Songs');

    const message = await rooms.post(ctx, viewer, id, ' hello ');

    assert.equal(message.authorName, 'name of viewer');
    assert.equal(message.text, 'hello');
    assert.equal(store.events[0]?.key, message.id);
    assert.equal(feed.woken, 1);
  });

  for (const text of ['', ' \n ', 'x'.repeat(501)]) {
    it(`are refused with ${text.trim().length} characters`, async () => {
      await assert.rejects(setUp().rooms.post(ctx, viewer, 'r', text), { reason: 'INVALID_TEXT' });
    });
  }

  it('of a room that does not exist are not listed', async () => {
    await assert.rejects(setUp().rooms.messages(ctx, 'acme', 'none', 0, ''), { reason: 'ROOM_NOT_FOUND' });
  });
});

describe('watching', () => {
  it('goes on after the given event, and never after one that is still to come', async () => {
    const { rooms, store, feed } = setUp();
    const { id } = await rooms.create(ctx, host, 'Songs');
    store.rooms.set(id, { ...(await rooms.get(ctx, 'acme', id)), lastSeq: 7 });

    for (const after of [undefined, 3, 999_999]) for await (const _ of rooms.watch(ctx, 'acme', id, after));

    assert.deepEqual(feed.positions, [7, 3, 7]);
  });

  it('shows the room as each event left it', async () => {
    const { rooms, feed } = setUp();
    const { id } = await rooms.create(ctx, host, 'Songs');
    feed.events = (['closed', 'open'] as const).map((state, i) => ({
      roomId: id,
      seq: i + 1,
      createdMs: 1,
      kind: 'state',
      state,
    }));

    const states: string[] = [];
    for await (const { event, room } of rooms.watch(ctx, 'acme', id, undefined))
      states.push(`${event?.seq ?? 'begun'} ${room.state}`);

    assert.deepEqual(states, ['begun open', '1 closed', '2 open']);
  });
});
