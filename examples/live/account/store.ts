import type { Context } from 'flotilla/concurrency';
import { type Migration, type Sql, SqlErrors } from 'flotilla/data/sql';
import { is } from 'flotilla/errors';
import type { Transaction } from 'kysely';
import { type Account, AccountErrors, type AccountStore, type Transfer, type TransferOutcome } from './domain.ts';

export interface AccountTables {
  /** `name_key` is the name in lower case: names are unique without regard to case. */
  account: {
    tenant: string;
    id: string;
    name: string;
    name_key: string;
    password_hash: string;
    coins: number;
    created_ms: number;
  };
  transfer: { tenant: string; from_id: string; request_key: string; to_id: string; coins: number; created_ms: number };
}

export const accountMigrations: readonly Migration[] = [
  {
    name: '001-account',
    sql: [
      `create table account (
        tenant varchar(64) not null,
        id varchar(32) not null,
        name varchar(32) not null,
        name_key varchar(32) not null,
        password_hash varchar(200) not null,
        coins bigint not null check (coins >= 0),
        created_ms bigint not null,
        primary key (tenant, id)
      )`,
      'create unique index account_name on account (tenant, name_key)',
    ],
  },
  {
    name: '002-transfer',
    sql: `create table transfer (
      tenant varchar(64) not null,
      from_id varchar(32) not null,
      request_key varchar(100) not null,
      to_id varchar(32) not null,
      coins bigint not null,
      created_ms bigint not null,
      primary key (tenant, from_id, request_key)
    )`,
  },
];

type Tx = Transaction<AccountTables>;

/** Accounts in SQL. The check on `coins` is the last line: no bug above it can make a wallet negative. */
export class SqlAccountStore implements AccountStore {
  readonly #sql: Sql<AccountTables>;

  constructor(sql: Sql<AccountTables>) {
    this.#sql = sql;
  }

  async create(ctx: Context, tenant: string, account: Account, passwordHash: string, coins: number): Promise<void> {
    const { id, name, createdMs } = account;
    const row = {
      tenant,
      id,
      name,
      name_key: nameKey(name),
      password_hash: passwordHash,
      coins,
      created_ms: createdMs,
    };
    try {
      await this.#sql.write(ctx, (tx) => tx.insertInto('account').values(row).execute());
    } catch (error) {
      if (is(error, SqlErrors.UNIQUE_VIOLATION))
        throw AccountErrors.NAME_TAKEN(`the name "${name}" is taken`, { cause: error });
      throw error;
    }
  }

  async findByName(ctx: Context, tenant: string, name: string) {
    const row = await this.#sql.read(ctx, (db) =>
      db
        .selectFrom('account')
        .select(['id', 'name', 'created_ms', 'password_hash'])
        .where('tenant', '=', tenant)
        .where('name_key', '=', nameKey(name))
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : { account: toAccount(row), passwordHash: row.password_hash };
  }

  async find(ctx: Context, tenant: string, ids: readonly string[]): Promise<Account[]> {
    const rows = await this.#sql.read(ctx, (db) =>
      db
        .selectFrom('account')
        .select(['id', 'name', 'created_ms'])
        .where('tenant', '=', tenant)
        .where('id', 'in', ids)
        .execute(),
    );
    return rows.map(toAccount);
  }

  async coins(ctx: Context, tenant: string, id: string): Promise<number | undefined> {
    const row = await this.#sql.read(ctx, (db) =>
      db.selectFrom('account').select('coins').where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst(),
    );
    return row?.coins;
  }

  transfer(ctx: Context, tenant: string, transfer: Transfer, nowMs: number): Promise<TransferOutcome> {
    return this.#sql.write(ctx, async (tx) => {
      const repeated = !(await claim(tx, tenant, transfer, nowMs));
      if (!repeated) await move(tx, tenant, transfer);
      return { coinsLeft: (await coinsOf(tx, tenant, transfer.fromId)) ?? 0, repeated };
    });
  }
}

/** Takes the key; false where the same transfer was made before. */
async function claim(tx: Tx, tenant: string, transfer: Transfer, nowMs: number): Promise<boolean> {
  const { fromId, toId, coins, requestKey } = transfer;
  const row = { tenant, from_id: fromId, request_key: requestKey, to_id: toId, coins, created_ms: nowMs };
  try {
    await tx.insertInto('transfer').values(row).execute();
    return true;
  } catch (error) {
    if (!is(error, SqlErrors.UNIQUE_VIOLATION)) throw error;
  }
  const earlier = await tx
    .selectFrom('transfer')
    .select(['to_id', 'coins'])
    .where('tenant', '=', tenant)
    .where('from_id', '=', fromId)
    .where('request_key', '=', requestKey)
    .executeTakeFirst();
  if (earlier?.to_id === toId && earlier.coins === coins) return false;
  throw AccountErrors.REQUEST_KEY_REUSED(`the request key "${requestKey}" was used for another transfer`);
}

async function move(tx: Tx, tenant: string, { fromId, toId, coins }: Transfer): Promise<void> {
  const paid = await tx
    .updateTable('account')
    .set((eb) => ({ coins: eb('coins', '-', coins) }))
    .where('tenant', '=', tenant)
    .where('id', '=', fromId)
    .where('coins', '>=', coins)
    .executeTakeFirst();
  if (paid.numUpdatedRows !== 1n) {
    const left = await coinsOf(tx, tenant, fromId);
    if (left === undefined) throw AccountErrors.ACCOUNT_NOT_FOUND('the payer has no account');
    throw AccountErrors.NOT_ENOUGH_COINS(`${coins} coins are needed, and the wallet has ${left}`, {
      metadata: { needed: String(coins), left: String(left) },
    });
  }
  const received = await tx
    .updateTable('account')
    .set((eb) => ({ coins: eb('coins', '+', coins) }))
    .where('tenant', '=', tenant)
    .where('id', '=', toId)
    .executeTakeFirst();
  if (received.numUpdatedRows !== 1n) throw AccountErrors.ACCOUNT_NOT_FOUND('the payee has no account');
}

async function coinsOf(tx: Tx, tenant: string, id: string): Promise<number | undefined> {
  const row = await tx
    .selectFrom('account')
    .select('coins')
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.coins;
}

function nameKey(name: string): string {
  return name.toLowerCase();
}

function toAccount(row: { id: string; name: string; created_ms: number }): Account {
  return { id: row.id, name: row.name, createdMs: row.created_ms };
}
