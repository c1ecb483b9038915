import type { Context } from 'flotilla/concurrency';
import { type Migration, type Sql, SqlErrors } from 'flotilla/data/sql';
import { is } from 'flotilla/errors';
import type { Selectable } from 'kysely';
import { type Gift, GiftErrors, type GiftState, type GiftStore, type TenantGift } from './domain.ts';

export interface GiftTables {
  gift: {
    tenant: string;
    id: string;
    room_id: string;
    sender_id: string;
    sender_name: string;
    receiver_id: string;
    kind: string;
    gift_count: number;
    coins: number;
    request_key: string;
    state: GiftState;
    attempt: number;
    created_ms: number;
    /** When somebody last began to work on it. */
    touched_ms: number;
  };
}

export const giftMigrations: readonly Migration[] = [
  {
    name: '001-gift',
    sql: [
      `create table gift (
        tenant varchar(64) not null,
        id varchar(32) not null,
        room_id varchar(64) not null,
        sender_id varchar(32) not null,
        sender_name varchar(32) not null,
        receiver_id varchar(32) not null,
        kind varchar(32) not null,
        gift_count integer not null,
        coins bigint not null,
        request_key varchar(64) not null,
        state varchar(16) not null,
        created_ms bigint not null,
        touched_ms bigint not null,
        primary key (tenant, id)
      )`,
      'create unique index gift_request on gift (tenant, sender_id, request_key)',
      'create index gift_state on gift (state, touched_ms)',
    ],
  },
  { name: '002-attempt', sql: ['alter table gift add column attempt integer not null default 1'] },
];

const unfinished: readonly GiftState[] = ['intended', 'paid'];

/** Gifts in SQL. */
export class SqlGiftStore implements GiftStore {
  readonly #sql: Sql<GiftTables>;

  constructor(sql: Sql<GiftTables>) {
    this.#sql = sql;
  }

  async intend(ctx: Context, tenant: string, gift: Gift): Promise<void> {
    try {
      await this.#sql.write(ctx, (tx) => tx.insertInto('gift').values(toRow(tenant, gift)).execute());
    } catch (error) {
      if (is(error, SqlErrors.UNIQUE_VIOLATION)) throw GiftErrors.KEY_TAKEN('the key is taken', { cause: error });
      throw error;
    }
  }

  async findByKey(ctx: Context, tenant: string, senderId: string, requestKey: string): Promise<Gift | undefined> {
    const row = await this.#sql.read(ctx, (db) =>
      db
        .selectFrom('gift')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('sender_id', '=', senderId)
        .where('request_key', '=', requestKey)
        .executeTakeFirst(),
    );
    return row && toGift(row);
  }

  async retry(ctx: Context, tenant: string, id: string): Promise<number> {
    return await this.#sql.write(ctx, async (tx) => {
      await tx
        .updateTable('gift')
        .set((eb) => ({ state: 'intended', attempt: eb('attempt', '+', 1) }))
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('state', 'in', ['intended', 'refused'])
        .execute();
      const { attempt } = await tx
        .selectFrom('gift')
        .select('attempt')
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return attempt;
    });
  }

  async refuse(ctx: Context, tenant: string, id: string, attempt: number): Promise<void> {
    await this.#sql.write(ctx, (tx) =>
      tx
        .updateTable('gift')
        .set({ state: 'refused' })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('state', '=', 'intended')
        .where('attempt', '=', attempt)
        .execute(),
    );
  }

  async advance(
    ctx: Context,
    tenant: string,
    id: string,
    before: readonly GiftState[],
    after: GiftState,
  ): Promise<void> {
    await this.#sql.write(ctx, (tx) =>
      tx
        .updateTable('gift')
        .set({ state: after })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('state', 'in', before)
        .execute(),
    );
  }

  async takeUnfinished(ctx: Context, beforeMs: number, nowMs: number, limit: number): Promise<TenantGift[]> {
    const rows = await this.#sql.read(ctx, (db) =>
      db
        .selectFrom('gift')
        .selectAll()
        .where('state', 'in', unfinished)
        .where('touched_ms', '<', beforeMs)
        .orderBy('touched_ms')
        .limit(limit)
        .execute(),
    );
    if (rows.length === 0) return [];
    await this.#sql.write(ctx, async (tx) => {
      for (const { tenant, id } of rows) {
        await tx
          .updateTable('gift')
          .set({ touched_ms: nowMs })
          .where('tenant', '=', tenant)
          .where('id', '=', id)
          .execute();
      }
    });
    return rows.map((row) => ({ tenant: row.tenant, gift: toGift(row) }));
  }
}

function toRow(tenant: string, gift: Gift) {
  return {
    tenant,
    id: gift.id,
    room_id: gift.roomId,
    sender_id: gift.senderId,
    sender_name: gift.senderName,
    receiver_id: gift.receiverId,
    kind: gift.kind,
    gift_count: gift.count,
    coins: gift.coins,
    request_key: gift.requestKey,
    state: gift.state,
    attempt: gift.attempt,
    created_ms: gift.createdMs,
    touched_ms: gift.createdMs,
  };
}

function toGift(row: Selectable<GiftTables['gift']>): Gift {
  return {
    id: row.id,
    roomId: row.room_id,
    senderId: row.sender_id,
    senderName: row.sender_name,
    receiverId: row.receiver_id,
    kind: row.kind,
    count: row.gift_count,
    coins: row.coins,
    requestKey: row.request_key,
    state: row.state,
    attempt: row.attempt,
    createdMs: row.created_ms,
  };
}
