import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { background } from 'flotilla/concurrency';
import { newId } from '../ids.ts';
import type { OpenDatabase } from '../testing.ts';
import type { Gift, Room } from './domain.ts';
import { type RoomTables, roomKey, roomMigrations, SqlRoomStore } from './store.ts';

const ctx = background();
const gift: Gift = { senderId: 'viewer', senderName: 'Vic', gift: 'rose', count: 2, coins: 2 };

/** What the store does on every database. */
export function roomStoreContract(database: string, open: OpenDatabase): void {
  describe(`rooms on ${database}`, () => {
    const setUp = async (t: TestContext) => {
      const store = new SqlRoomStore(await open<RoomTables>(t, roomMigrations));
      await store.create(ctx, 'acme', room('r1'));
      return store;
    };

    it('finds a room within its tenant', async (t) => {
      const store = await setUp(t);

      assert.deepEqual(await store.find(ctx, 'acme', 'r1'), room('r1'));
      assert.equal(await store.find(ctx, 'other', 'r1'), undefined);
    });

    it('lists rooms newest first, by state and from a key on', async (t) => {
      const store = await setUp(t);
      for (const id of ['r2', 'r3', 'r4']) await store.create(ctx, 'acme', room(id));
      await store.setState(ctx, 'acme', 'r3', 'closed', 1);
      const idsOf = async (page: Parameters<typeof store.list>[2]) =>
        (await store.list(ctx, 'acme', page)).map(({ id }) => id);

      assert.deepEqual(await idsOf({ limit: 2 }), ['r4', 'r3']);
      assert.deepEqual(await idsOf({ limit: 2, beforeId: 'r3' }), ['r2', 'r1']);
      assert.deepEqual(await idsOf({ limit: 9, state: 'open' }), ['r4', 'r2', 'r1']);
      assert.deepEqual(await idsOf({ limit: 9, state: 'closed' }), ['r3']);
      assert.deepEqual(await store.list(ctx, 'other', { limit: 9 }), []);
    });

    it('numbers what happens without gaps, across kinds', async (t) => {
      const store = await setUp(t);

      await store.append(ctx, 'acme', 'r1', message('hello'));
      await store.append(ctx, 'acme', 'r1', { kind: 'gift', key: 'g', createdMs: 5, gift });
      await store.setState(ctx, 'acme', 'r1', 'closed', 6);

      const events = await store.eventsAfter(ctx, 'acme', 'r1', 0, 10);
      assert.deepEqual(
        events.map(({ seq, kind }) => [seq, kind]),
        [
          [1, 'message'],
          [2, 'gift'],
          [3, 'state'],
        ],
      );
      assert.deepEqual(events[1], { roomId: 'r1', seq: 2, createdMs: 5, kind: 'gift', gift });
      assert.deepEqual(await store.eventsAfter(ctx, 'acme', 'r1', 2, 10), events.slice(2));
      assert.deepEqual(await store.eventsAfter(ctx, 'other', 'r1', 0, 10), []);
    });

    it('gives concurrent events one number each, and none is lost', async (t) => {
      const store = await setUp(t);

      const seqs = await Promise.all(
        Array.from({ length: 30 }, (_, i) => store.append(ctx, 'acme', 'r1', message(`m${i}`))),
      );

      assert.deepEqual(
        seqs.sort((a, b) => a - b),
        Array.from({ length: 30 }, (_, i) => i + 1),
      );
      assert.equal((await store.find(ctx, 'acme', 'r1'))?.lastSeq, 30);
    });

    it('writes an event once per key, also after the room has closed', async (t) => {
      const store = await setUp(t);
      const event = { kind: 'gift', key: 'g', createdMs: 5, gift } as const;
      const first = await store.append(ctx, 'acme', 'r1', event);
      await store.setState(ctx, 'acme', 'r1', 'closed', 6);

      assert.equal(await store.append(ctx, 'acme', 'r1', event), first);
      assert.equal((await store.eventsAfter(ctx, 'acme', 'r1', 0, 10)).length, 2);
      assert.equal((await store.find(ctx, 'acme', 'r1'))?.lastSeq, 2);
    });

    it('takes no message in a closed room, but a gift that was paid', async (t) => {
      const store = await setUp(t);
      await store.setState(ctx, 'acme', 'r1', 'closed', 1);

      await assert.rejects(store.append(ctx, 'acme', 'r1', message('late')), { reason: 'ROOM_CLOSED' });
      assert.equal(await store.append(ctx, 'acme', 'r1', { kind: 'gift', key: 'g', createdMs: 5, gift }), 2);
    });

    it('writes nothing where there is no room', async (t) => {
      const store = await setUp(t);

      await assert.rejects(store.append(ctx, 'other', 'r1', message('hello')), { reason: 'ROOM_NOT_FOUND' });
      assert.equal(await store.setState(ctx, 'other', 'r1', 'closed', 1), undefined);
    });

    it('writes no event for a state that is so already', async (t) => {
      const store = await setUp(t);

      await store.setState(ctx, 'acme', 'r1', 'open', 1);

      assert.deepEqual(await store.eventsAfter(ctx, 'acme', 'r1', 0, 10), []);
    });

    it('pages messages newest first, without what else happened', async (t) => {
      const store = await setUp(t);
      for (const text of ['one', 'two']) await store.append(ctx, 'acme', 'r1', message(text));
      await store.append(ctx, 'acme', 'r1', { kind: 'gift', key: 'g', createdMs: 5, gift });
      await store.append(ctx, 'acme', 'r1', message('three'));

      const first = await store.messages(ctx, 'acme', 'r1', { limit: 2 });
      const rest = await store.messages(ctx, 'acme', 'r1', { limit: 2, beforeSeq: first.at(-1)?.seq ?? 0 });

      assert.deepEqual(
        [...first, ...rest].map(({ message }) => message.text),
        ['three', 'two', 'one'],
      );
    });

    it('keeps any text as it is', async (t) => {
      const store = await setUp(t);
      const text = `naïve 🎁 '; drop table room; -- \\ % _ \u0000`;

      await store.append(ctx, 'acme', 'r1', message(text));

      assert.equal((await store.messages(ctx, 'acme', 'r1', { limit: 1 }))[0]?.message.text, text);
    });

    it('tells the last numbers of many rooms at once', async (t) => {
      const store = await setUp(t);
      await store.append(ctx, 'acme', 'r1', message('hello'));

      const seqs = await store.lastSeqs(ctx, [
        { tenant: 'acme', roomId: 'r1' },
        { tenant: 'other', roomId: 'r1' },
      ]);

      assert.deepEqual([...seqs], [[roomKey('acme', 'r1'), 1]]);
    });
  });
}

function room(id: string): Room {
  return { id, title: `Room ${id}`, hostId: 'host', state: 'open', createdMs: 3, lastSeq: 0 };
}

function message(text: string) {
  return { kind: 'message', key: newId(), createdMs: 4, authorId: 'viewer', authorName: 'Vic', text } as const;
}
