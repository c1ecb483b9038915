import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { background } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import type { Migration, MigrationOptions, Sql } from './sql.ts';

/** A database of its own for one test. */
export interface TestDatabase {
  /** Opens it as one process would, with at most 50 rows per result; closed at the end of the test. */
  open<DB>(options?: MigrationOptions): Promise<Sql<DB>>;
}

export interface SqlSubject {
  readonly name: string;
  create(t: TestContext): Promise<TestDatabase>;
  /** A query that takes a second or longer. */
  readonly slowQuery: string;
}

/** The tables that the suites use. */
export interface Tables {
  account: { id: string; name: string; coins: number };
  holding: { id: string; account_id: string };
}

export const migrations: readonly Migration[] = [
  {
    name: '001-account',
    sql: [
      'create table account (id varchar(32) primary key, name varchar(64) not null, coins bigint not null check (coins >= 0))',
      'create unique index account_name on account (name)',
    ],
  },
  {
    name: '002-holding',
    async up(db) {
      await db.schema
        .createTable('holding')
        .addColumn('id', 'varchar(32)', (column) => column.primaryKey())
        .addColumn('account_id', 'varchar(32)', (column) => column.notNull())
        .addForeignKeyConstraint('holding_account', ['account_id'], 'account', ['id'])
        .execute();
    },
  },
];

/** The ids of all accounts, in order. */
export async function ids(sql: Sql<Tables>): Promise<string[]> {
  const rows = await sql.read(background(), (db) => db.selectFrom('account').select('id').orderBy('id').execute());
  return rows.map((row) => row.id);
}

export function account(id: string, coins: number) {
  return { id, name: id, coins };
}

/** The StatusError that a promise fails with. */
export async function rejection(promise: Promise<unknown>): Promise<errors.StatusError> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(errors.isStatusError(failure), `expected a StatusError, got ${errors.format(failure)}`);
  return failure;
}
