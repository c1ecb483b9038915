import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Context } from 'flotilla/concurrency';
import { openSql } from 'flotilla/data/sql';
import type { RpcClient } from 'flotilla/rpc';
import { cleanup } from 'flotilla/testing';
import { RoomService, RoomState } from '../gen/live/room/v1/room_pb.ts';
import { callOf, serve, temporaryFolder } from '../testing.ts';
import { Rooms } from './domain.ts';
import { PollingFeed } from './feed.ts';
import { roomService } from './service.ts';
import { type RoomTables, roomMigrations, SqlRoomStore } from './store.ts';

const host = callOf('host');
const viewer = callOf('viewer');

/** Replicas of the service, with one database file. */
async function setUp(t: TestContext, replicas = 1): Promise<RpcClient<typeof RoomService>[]> {
  const folder = await temporaryFolder(t);
  const clients: RpcClient<typeof RoomService>[] = [];
  for (let i = 0; i < replicas; i++) {
    const sql = await openSql<RoomTables>({ url: `sqlite:${folder}/room.sqlite`, migrations: roomMigrations });
    cleanup(t, () => sql.close());
    const store = new SqlRoomStore(sql);
    const feed = new PollingFeed({ source: store, pollMs: 20, onError: (error) => t.diagnostic(String(error)) });
    cleanup(t, () => feed.close());
    const names = { nameOf: async (_ctx: Context, _tenant: string, id: string) => `name of ${id}` };
    clients.push(await serve(t, RoomService, roomService(new Rooms({ store, names, feed, now: Date.now }))));
  }
  return clients;
}

async function createRoom(client: RpcClient<typeof RoomService>): Promise<string> {
  return (await client.createRoom(host, { title: 'Songs' })).room?.id ?? '';
}

describe('RoomService', () => {
  it('creates, lists and shows rooms', async (t) => {
    const [client] = await setUp(t);
    assert.ok(client);

    const { room } = await client.createRoom(host, { title: 'Songs' });

    assert.equal(room?.state, RoomState.OPEN);
    assert.deepEqual((await client.getRoom(viewer, { id: room.id })).room, room);
    assert.deepEqual((await client.listRooms(viewer, { state: RoomState.OPEN })).rooms, [room]);
    assert.deepEqual((await client.listRooms(viewer, { state: RoomState.CLOSED })).rooms, []);
    assert.deepEqual((await client.listRooms(callOf('eve', 'other'), {})).rooms, []);
  });

  it('refuses messages in a closed room, over the wire', async (t) => {
    const [client] = await setUp(t);
    assert.ok(client);
    const roomId = await createRoom(client);
    await client.postMessage(viewer, { roomId, text: 'early' });
    await client.closeRoom(host, { id: roomId });

    await assert.rejects(client.postMessage(viewer, { roomId, text: 'late' }), {
      code: 'failed_precondition',
      reason: 'ROOM_CLOSED',
      domain: 'live.room',
    });
    await client.openRoom(host, { id: roomId });
    await client.postMessage(viewer, { roomId, text: 'again' });

    const { messages } = await client.listMessages(viewer, { roomId });
    assert.deepEqual(
      messages.map(({ text, authorName }) => [text, authorName]),
      [
        ['again', 'name of viewer'],
        ['early', 'name of viewer'],
      ],
    );
  });

  it('shows a watcher everything that happens, whichever replica it happens at', async (t) => {
    const [one, two] = await setUp(t, 2);
    assert.ok(one && two);
    const roomId = await createRoom(one);
    using watching = viewer.withTimeout(60_000);
    const seen: (string | undefined)[] = [];
    const watch = (async () => {
      for await (const { event } of two.watch(watching, { roomId, afterEventId: '0' })) {
        const { happened } = event ?? {};
        if (happened?.case === 'message') seen.push(happened.value.text);
        if (happened?.case === 'gift') seen.push(`${happened.value.count} ${happened.value.gift}`);
        if (happened?.case === 'room') seen.push(happened.value.state === RoomState.CLOSED ? 'closed' : 'open');
        if (seen.length === 4) return;
      }
    })();

    await one.postMessage(viewer, { roomId, text: 'at one' });
    await two.postMessage(viewer, { roomId, text: 'at two' });
    const gift = { senderId: 'viewer', senderName: 'Vic', gift: 'rose', count: 2, coins: 2n };
    for (const client of [one, two]) {
      await client.publishEvent(viewer, { roomId, eventKey: 'g1', happened: { case: 'gift', value: gift } });
    }
    await one.closeRoom(host, { id: roomId });

    await watch;
    assert.deepEqual(seen, ['at one', 'at two', '2 rose', 'closed']);
  });

  it('lets a watcher go on after the event that it saw last', async (t) => {
    const [client] = await setUp(t);
    assert.ok(client);
    const roomId = await createRoom(client);
    for (const text of ['one', 'two', 'three']) await client.postMessage(viewer, { roomId, text });
    using watching = viewer.withTimeout(60_000);

    const ids: (string | undefined)[] = [];
    for await (const { event } of client.watch(watching, { roomId, afterEventId: '2' })) {
      if (ids.push(event?.id) === 2) break;
    }

    assert.deepEqual(ids, [undefined, '3']);
  });

  it('says when a watch has begun, so that nothing is missed after that', async (t) => {
    const [one, two] = await setUp(t, 2);
    assert.ok(one && two);
    const roomId = await createRoom(one);
    using watching = viewer.withTimeout(60_000);
    const events = two.watch(watching, { roomId })[Symbol.asyncIterator]();

    assert.equal((await events.next()).value?.event, undefined);
    await one.postMessage(viewer, { roomId, text: 'hello' });

    const { value } = await events.next();
    assert.equal(value?.event?.happened.case, 'message');
    await events.return?.();
  });

  it('refuses to watch what does not exist, or after an event that is none', async (t) => {
    const [client] = await setUp(t);
    assert.ok(client);
    const roomId = await createRoom(client);
    const first = async (ctx: Context, request: { roomId: string; afterEventId?: string }) => {
      for await (const _ of client.watch(ctx, request)) return;
    };

    await assert.rejects(first(viewer, { roomId: 'none' }), { reason: 'ROOM_NOT_FOUND' });
    await assert.rejects(first(callOf('eve', 'other'), { roomId }), { reason: 'ROOM_NOT_FOUND' });
    await assert.rejects(first(viewer, { roomId, afterEventId: 'x' }), { reason: 'INVALID_EVENT' });
  });
});
