import type { Context } from 'flotilla/concurrency';
import { type Migration, type Sql, SqlErrors } from 'flotilla/data/sql';
import { is } from 'flotilla/errors';
import type { Transaction } from 'kysely';
import type { Entry, GiftRecord, RankStore } from './domain.ts';

export interface RankTables {
  /** The gifts that are counted. */
  counted_gift: { tenant: string; gift_id: string };
  sender: { tenant: string; room_id: string; account_id: string; name: string; coins: number; gifts: number };
}

export const rankMigrations: readonly Migration[] = [
  {
    name: '001-rank',
    sql: [
      `create table counted_gift (
        tenant varchar(64) not null,
        gift_id varchar(64) not null,
        primary key (tenant, gift_id)
      )`,
      `create table sender (
        tenant varchar(64) not null,
        room_id varchar(64) not null,
        account_id varchar(64) not null,
        name varchar(32) not null,
        coins bigint not null,
        gifts bigint not null,
        primary key (tenant, room_id, account_id)
      )`,
      'create index sender_coins on sender (tenant, room_id, coins)',
    ],
  },
];

/** Rankings in SQL: sums that are kept as gifts come, so that reading the top is one look into an index. */
export class SqlRankStore implements RankStore {
  readonly #sql: Sql<RankTables>;

  constructor(sql: Sql<RankTables>) {
    this.#sql = sql;
  }

  async add(ctx: Context, tenant: string, record: GiftRecord): Promise<void> {
    await this.#sql.write(ctx, async (tx) => {
      const counted = await inserted(() =>
        tx.insertInto('counted_gift').values({ tenant, gift_id: record.giftId }).execute(),
      );
      if (!counted || (await addTo(tx, tenant, record))) return;
      const { roomId, senderId, senderName, coins, count } = record;
      const row = { tenant, room_id: roomId, account_id: senderId, name: senderName, coins, gifts: count };
      // On MySQL the sender's first gift of another process may have come between.
      if (!(await inserted(() => tx.insertInto('sender').values(row).execute()))) await addTo(tx, tenant, record);
    });
  }

  async top(ctx: Context, tenant: string, roomId: string, limit: number): Promise<Entry[]> {
    const rows = await this.#sql.read(ctx, (db) =>
      db
        .selectFrom('sender')
        .select(['account_id', 'name', 'coins', 'gifts'])
        .where('tenant', '=', tenant)
        .where('room_id', '=', roomId)
        .orderBy('coins', 'desc')
        .orderBy('account_id')
        .limit(limit)
        .execute(),
    );
    return rows.map(({ account_id, ...entry }) => ({ accountId: account_id, ...entry }));
  }
}

async function addTo(tx: Transaction<RankTables>, tenant: string, record: GiftRecord): Promise<boolean> {
  const { roomId, senderId, senderName, coins, count } = record;
  const updated = await tx
    .updateTable('sender')
    .set((eb) => ({ name: senderName, coins: eb('coins', '+', coins), gifts: eb('gifts', '+', count) }))
    .where('tenant', '=', tenant)
    .where('room_id', '=', roomId)
    .where('account_id', '=', senderId)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/** False where the key is there already. */
async function inserted(insert: () => Promise<unknown>): Promise<boolean> {
  try {
    await insert();
    return true;
  } catch (error) {
    if (is(error, SqlErrors.UNIQUE_VIOLATION)) return false;
    throw error;
  }
}
