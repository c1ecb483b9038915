/**
 * # flotilla/data/sql
 *
 * SQL with Kysely's typed queries, a Context for every wait, and migrations; on SQLite, with nothing to install. On
 * MySQL and MariaDB the same `Sql` comes from `flotilla/adapters/mysql`.
 *
 *     interface Tables { room: { id: string; title: string } }
 *     const sql = await openSql<Tables>({ url: 'sqlite:.flotilla/room.sqlite', migrations: [
 *       { name: '001-room', sql: 'create table room (id varchar(32) primary key, title varchar(200) not null)' },
 *     ] });
 *     await sql.write(ctx, (tx) => tx.insertInto('room').values({ id, title }).execute());
 *     const rooms = await sql.read(ctx, (db) => db.selectFrom('room').selectAll().limit(20).execute());
 *
 * Rules: only a service's `store.ts` sees it; a write is one short transaction with nothing but statements in it; times
 * are milliseconds in bigint columns. Not here: sharding, caches, transactions across databases.
 */
export { createSql } from './create-sql.ts';
export type { SqlEngine, SqlSession, WriteSession } from './engine.ts';
export { migrate } from './migrate.ts';
export { openSql, type SqlOptions } from './open-sql.ts';
export { type SqlValue, toSqlValues } from './parameters.ts';
export type {
  Migration,
  MigrationDatabase,
  MigrationOptions,
  ProgramMigration,
  Sql,
  SqlDialect,
  SqlMigration,
} from './sql.ts';
export { SqlErrors } from './sql-errors.ts';
