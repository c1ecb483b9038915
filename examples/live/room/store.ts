import type { Context } from 'flotilla/concurrency';
import type { Migration, Sql } from 'flotilla/data/sql';
import type { Selectable, Transaction } from 'kysely';
import {
  type Message,
  type NewEvent,
  type Room,
  RoomErrors,
  type RoomEvent,
  type RoomState,
  type RoomStore,
} from './domain.ts';

export interface RoomTables {
  room: {
    tenant: string;
    id: string;
    title: string;
    host_id: string;
    state: RoomState;
    last_seq: number;
    created_ms: number;
  };
  /** Messages, gifts and changes of state in one row of numbers; `actor` wrote or gave, `text` is the message or the state. */
  room_event: {
    tenant: string;
    room_id: string;
    seq: number;
    event_key: string;
    kind: 'message' | 'gift' | 'state';
    actor_id: string;
    actor_name: string;
    text: string;
    gift_count: number;
    coins: number;
    created_ms: number;
  };
}

export const roomMigrations: readonly Migration[] = [
  {
    name: '001-room',
    sql: [
      `create table room (
        tenant varchar(64) not null,
        id varchar(32) not null,
        title varchar(200) not null,
        host_id varchar(32) not null,
        state varchar(8) not null,
        last_seq bigint not null,
        created_ms bigint not null,
        primary key (tenant, id)
      )`,
      'create index room_state on room (tenant, state, id)',
    ],
  },
  {
    name: '002-event',
    sql: [
      `create table room_event (
        tenant varchar(64) not null,
        room_id varchar(32) not null,
        seq bigint not null,
        event_key varchar(100) not null,
        kind varchar(8) not null,
        actor_id varchar(32) not null,
        actor_name varchar(32) not null,
        text varchar(1000) not null,
        gift_count integer not null,
        coins bigint not null,
        created_ms bigint not null,
        primary key (tenant, room_id, seq)
      )`,
      'create unique index room_event_key on room_event (tenant, room_id, event_key)',
      'create index room_event_kind on room_event (tenant, room_id, kind, seq)',
    ],
  },
];

type EventRow = Selectable<RoomTables['room_event']>;
type Tx = Transaction<RoomTables>;

/** Rooms in SQL. A room's row is changed before its event is written, so events of one room commit in their order. */
export class SqlRoomStore implements RoomStore {
  readonly #sql: Sql<RoomTables>;

  constructor(sql: Sql<RoomTables>) {
    this.#sql = sql;
  }

  async create(ctx: Context, tenant: string, room: Room): Promise<void> {
    const { id, title, hostId, state, lastSeq, createdMs } = room;
    const row = { tenant, id, title, host_id: hostId, state, last_seq: lastSeq, created_ms: createdMs };
    await this.#sql.write(ctx, (tx) => tx.insertInto('room').values(row).execute());
  }

  async find(ctx: Context, tenant: string, id: string): Promise<Room | undefined> {
    const row = await this.#sql.read(ctx, (db) =>
      db.selectFrom('room').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst(),
    );
    return row && toRoom(row);
  }

  async list(
    ctx: Context,
    tenant: string,
    page: { state?: RoomState; beforeId?: string; limit: number },
  ): Promise<Room[]> {
    const { state, beforeId, limit } = page;
    const rows = await this.#sql.read(ctx, (db) => {
      let query = db.selectFrom('room').selectAll().where('tenant', '=', tenant).orderBy('id', 'desc').limit(limit);
      if (state !== undefined) query = query.where('state', '=', state);
      if (beforeId !== undefined) query = query.where('id', '<', beforeId);
      return query.execute();
    });
    return rows.map(toRoom);
  }

  setState(ctx: Context, tenant: string, id: string, state: RoomState, nowMs: number): Promise<Room | undefined> {
    return this.#sql.write(ctx, async (tx) => {
      const changed = await tx
        .updateTable('room')
        .set((eb) => ({ state, last_seq: eb('last_seq', '+', 1) }))
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('state', '!=', state)
        .executeTakeFirst();
      const room = await findIn(tx, tenant, id);
      if (room === undefined || changed.numUpdatedRows !== 1n) return room;
      await tx
        .insertInto('room_event')
        .values({
          ...blank(tenant, room),
          event_key: `state-${room.lastSeq}`,
          kind: 'state',
          text: state,
          created_ms: nowMs,
        })
        .execute();
      return room;
    });
  }

  append(ctx: Context, tenant: string, roomId: string, event: NewEvent): Promise<number> {
    return this.#sql.write(ctx, async (tx) => {
      // First the room's row: it is the lock under which the key is looked for and the number is given.
      await tx
        .updateTable('room')
        .set((eb) => ({ last_seq: eb('last_seq', '+', 1) }))
        .where('tenant', '=', tenant)
        .where('id', '=', roomId)
        .execute();
      const room = await findIn(tx, tenant, roomId);
      if (room === undefined) throw RoomErrors.ROOM_NOT_FOUND('there is no such room');
      const earlier = await seqOfKey(tx, tenant, roomId, event.key);
      if (earlier !== undefined) {
        await tx
          .updateTable('room')
          .set({ last_seq: room.lastSeq - 1 })
          .where('tenant', '=', tenant)
          .where('id', '=', roomId)
          .execute();
        return earlier;
      }
      if (event.kind === 'message' && room.state === 'closed')
        throw RoomErrors.ROOM_CLOSED(`the room "${room.title}" is closed`);
      await tx
        .insertInto('room_event')
        .values({ ...blank(tenant, room), ...columnsOf(event) })
        .execute();
      return room.lastSeq;
    });
  }

  async eventsAfter(
    ctx: Context,
    tenant: string,
    roomId: string,
    afterSeq: number,
    limit: number,
  ): Promise<RoomEvent[]> {
    const rows = await this.#sql.read(ctx, (db) =>
      db
        .selectFrom('room_event')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('room_id', '=', roomId)
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute(),
    );
    return rows.map(toEvent);
  }

  async messages(ctx: Context, tenant: string, roomId: string, page: { beforeSeq?: number; limit: number }) {
    const rows = await this.#sql.read(ctx, (db) => {
      let query = db
        .selectFrom('room_event')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('room_id', '=', roomId)
        .where('kind', '=', 'message')
        .orderBy('seq', 'desc')
        .limit(page.limit);
      if (page.beforeSeq !== undefined) query = query.where('seq', '<', page.beforeSeq);
      return query.execute();
    });
    return rows.map((row) => ({ seq: row.seq, message: toMessage(row) }));
  }

  /** The numbers of the last events of these rooms. For the feed. */
  async lastSeqs(ctx: Context, rooms: readonly { tenant: string; roomId: string }[]): Promise<Map<string, number>> {
    const rows = await this.#sql.read(ctx, (db) =>
      db
        .selectFrom('room')
        .select(['tenant', 'id', 'last_seq'])
        .where((eb) => eb.or(rooms.map(({ tenant, roomId }) => eb.and({ tenant, id: roomId }))))
        .execute(),
    );
    return new Map(rows.map((row) => [roomKey(row.tenant, row.id), row.last_seq]));
  }
}

/** Names a room across tenants. */
export function roomKey(tenant: string, roomId: string): string {
  return `${tenant}\u0000${roomId}`;
}

async function findIn(tx: Tx, tenant: string, id: string): Promise<Room | undefined> {
  const row = await tx
    .selectFrom('room')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .executeTakeFirst();
  return row && toRoom(row);
}

async function seqOfKey(tx: Tx, tenant: string, roomId: string, key: string): Promise<number | undefined> {
  const row = await tx
    .selectFrom('room_event')
    .select('seq')
    .where('tenant', '=', tenant)
    .where('room_id', '=', roomId)
    .where('event_key', '=', key)
    .executeTakeFirst();
  return row?.seq;
}

function blank(tenant: string, room: Room) {
  return {
    tenant,
    room_id: room.id,
    seq: room.lastSeq,
    actor_id: '',
    actor_name: '',
    text: '',
    gift_count: 0,
    coins: 0,
  };
}

function columnsOf(event: NewEvent) {
  const common = { event_key: event.key, kind: event.kind, created_ms: event.createdMs };
  if (event.kind === 'message') {
    return { ...common, actor_id: event.authorId, actor_name: event.authorName, text: event.text };
  }
  const { senderId, senderName, gift, count, coins } = event.gift;
  return { ...common, actor_id: senderId, actor_name: senderName, text: gift, gift_count: count, coins };
}

function toRoom(row: Selectable<RoomTables['room']>): Room {
  const { id, title, host_id, state, created_ms, last_seq } = row;
  return { id, title, hostId: host_id, state, createdMs: created_ms, lastSeq: last_seq };
}

function toMessage(row: EventRow): Message {
  const { event_key, room_id, actor_id, actor_name, text, created_ms } = row;
  return { id: event_key, roomId: room_id, authorId: actor_id, authorName: actor_name, text, createdMs: created_ms };
}

function toEvent(row: EventRow): RoomEvent {
  const common = { roomId: row.room_id, seq: row.seq, createdMs: row.created_ms };
  switch (row.kind) {
    case 'message':
      return { ...common, kind: 'message', message: toMessage(row) };
    case 'gift': {
      const { actor_id, actor_name, text, gift_count, coins } = row;
      return {
        ...common,
        kind: 'gift',
        gift: { senderId: actor_id, senderName: actor_name, gift: text, count: gift_count, coins },
      };
    }
    case 'state':
      return { ...common, kind: 'state', state: row.text as RoomState };
  }
}
