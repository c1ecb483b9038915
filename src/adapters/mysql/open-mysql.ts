import type { Pool } from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';
import { background } from '../../concurrency/index.ts';
import { createSql, type MigrationOptions, migrate, type Sql, SqlErrors } from '../../data/sql/index.ts';
import { MysqlEngine } from './mysql-engine.ts';

export interface MysqlOptions extends MigrationOptions {
  /** Calls that may wait for a connection of the pool. 1 to 100,000; default 1,000. */
  readonly maxQueued?: number;
  /** Rows that one query may give unless it streams. 1 to 1,000,000; default 10,000. */
  readonly maxRows?: number;
  /** Accept a database whose text columns ignore case, where two keys may be one. Default: false. */
  readonly anyCollation?: boolean;
  /** The longest that opening may take, migrations and the wait for another process's migrations included. Default 30,000 ms. */
  readonly timeoutMs?: number;
}

/**
 * The same `Sql` as `openSql` gives, on MySQL or MariaDB.
 *
 *     const pool = createPool({ uri: config.databaseUrl, connectionLimit: 10 });   // mysql2, or mysql2/promise
 *     const sql = await openMysql<Tables>(pool, { migrations });
 *
 * The pool stays the caller's: end it after `sql.close()`. Connections that are taken from it are set to strict mode and
 * READ COMMITTED. The database should have a binary collation (`create database live collate utf8mb4_bin`), so that text
 * compares as on SQLite; another one is refused.
 */
export async function openMysql<DB>(pool: Pool | PromisePool, options: MysqlOptions = {}): Promise<Sql<DB>> {
  const { maxQueued = 1_000, maxRows = 10_000, anyCollation = false, timeoutMs = 30_000 } = options;
  checkRange('maxQueued', maxQueued, 1, 100_000);
  checkRange('maxRows', maxRows, 1, 1_000_000);
  checkRange('timeoutMs', timeoutMs, 1, 3_600_000);
  const engine = new MysqlEngine('pool' in pool ? (pool.pool as unknown as Pool) : pool, { maxQueued, maxRows });
  using ctx = background().withTimeout(timeoutMs, new Error(`opening the database took longer than ${timeoutMs} ms`));
  const collation = await engine.identify(ctx);
  if (!anyCollation && !/_(bin|cs)$/.test(collation)) {
    throw SqlErrors.COLLATION_UNSUITABLE(
      `the database "${engine.namespace}" compares text by ${collation}, without regard to case: keys that differ only in case would be one; ` +
        `run "alter database ${engine.namespace} collate utf8mb4_bin" before the first migration, or allow it with anyCollation`,
    );
  }
  await migrate(ctx, engine, options);
  return createSql<DB>(engine);
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`openMysql: ${name} is ${value}; give a whole number from ${min} to ${max}`);
}
