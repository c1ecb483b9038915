import { background } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { createSql } from './create-sql.ts';
import { migrate } from './migrate.ts';
import type { MigrationOptions, Sql } from './sql.ts';
import { openSqliteEngine } from './sqlite/sqlite-engine.ts';

export interface SqlOptions extends MigrationOptions {
  /** `sqlite:<path>`, or `sqlite::memory:` for one that goes with `close`. The folder is made. */
  readonly url: string;
  /** Connections for reading, each a thread that starts when needed. 1 to 16; default 2. */
  readonly readers?: number;
  /** Calls that may wait for a connection, of reads and of writes each. 1 to 100,000; default 1,000. */
  readonly maxQueued?: number;
  /** Rows that one query may give unless it streams. 1 to 1,000,000; default 10,000. */
  readonly maxRows?: number;
  /** The longest that a write waits for another process's lock if its Context ends later, in ms. 0 to 60,000; default 5,000. */
  readonly busyTimeoutMs?: number;
  /**
   * What an acknowledged write survives. `normal` (the default): the death of the process at any moment, `kill -9`
   * included. `full`: also that of the machine, for one disk flush per commit. Neither can damage the file.
   */
  readonly synchronous?: 'normal' | 'full';
  /** The longest that opening may take, migrations and the wait for another process's migrations included. Default 30,000 ms. */
  readonly timeoutMs?: number;
}

/**
 * Opens a SQLite database and migrates it. The caller closes it.
 *
 *     const sql = await openSql<Tables>({ url: `sqlite:${dataDir}/room.sqlite`, migrations });
 *
 * Any number of processes may have the same file open, on one machine and on a local disk.
 */
export async function openSql<DB>(options: SqlOptions): Promise<Sql<DB>> {
  const {
    url,
    readers = 2,
    maxQueued = 1_000,
    maxRows = 10_000,
    busyTimeoutMs = 5_000,
    synchronous = 'normal',
    timeoutMs = 30_000,
  } = options;
  const path = pathOf(url);
  checkRange('readers', readers, 1, 16);
  checkRange('maxQueued', maxQueued, 1, 100_000);
  checkRange('maxRows', maxRows, 1, 1_000_000);
  checkRange('busyTimeoutMs', busyTimeoutMs, 0, 60_000);
  checkRange('timeoutMs', timeoutMs, 1, 3_600_000);
  using ctx = background().withTimeout(timeoutMs, new Error(`opening ${url} took longer than ${timeoutMs} ms`));
  const engine = await openSqliteEngine(ctx, { path, readers, maxQueued, maxRows, busyTimeoutMs, synchronous });
  try {
    await migrate(ctx, engine, options);
    return createSql<DB>(engine);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function pathOf(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1];
  const path = url.slice((scheme ?? '').length + 1);
  if (scheme === 'sqlite' && path !== '') return path.startsWith('//') ? path.slice(2) : path;
  const hint =
    scheme === 'mysql' || scheme === 'mariadb'
      ? '; for MySQL and MariaDB use openMysql of flotilla/adapters/mysql'
      : '';
  // Only the scheme is shown: a database URL may hold a password.
  throw new StatusError(
    'invalid_argument',
    `openSql: the url "${scheme ?? ''}:…" must be sqlite:<path> or sqlite::memory:${hint}`,
    {
      reason: 'INVALID_DATABASE_URL',
    },
  );
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`openSql: ${name} is ${value}; give a whole number from ${min} to ${max}`);
}
