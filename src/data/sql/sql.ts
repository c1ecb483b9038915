import type { Kysely, Transaction } from 'kysely';
import type { ReadonlyKysely } from 'kysely/readonly';
import type { Context } from '../../concurrency/index.ts';

/** Whose SQL is spoken. MariaDB counts as `mysql`. */
export type SqlDialect = 'sqlite' | 'mysql';

/**
 * A database, seen by a store. `DB` names its tables and their columns, as Kysely types them.
 *
 * Every statement emits a client span and a duration; its text has placeholders, never values.
 */
export interface Sql<DB> {
  readonly dialect: SqlDialect;

  /**
   * Runs queries outside of a transaction: each sees what was committed when it began. Several at once run on several
   * connections. Writes are refused with a TypeError; those in raw SQL by SQLite itself (`DATABASE_READ_ONLY`), and not by
   * MySQL. When `ctx` ends, a waiting query never runs, and a running one is abandoned.
   *
   * A result of more than `maxRows` rows is refused (`RESULT_TOO_LARGE`); take pages, or stream:
   * `for await (const row of db.selectFrom('t').selectAll().stream(100))`.
   */
  read<T>(ctx: Context, queries: (db: ReadonlyKysely<DB>) => Promise<T>): Promise<T>;

  /**
   * Runs `work` in one write transaction (`BEGIN IMMEDIATE` on SQLite, `READ COMMITTED` on MySQL) and commits. Everything
   * is undone when `work` throws or `ctx` ends before the commit; a commit under way is waited for and its outcome told,
   * whatever becomes of `ctx`. `work` may run again, after a rollback, when the database broke a deadlock: nothing but
   * `tx` should be changed in it. A write within a write is refused with a TypeError.
   */
  write<T>(ctx: Context, work: (tx: Transaction<DB>) => Promise<T>): Promise<T>;

  /** Resolves when the database answers: for readiness. */
  ping(ctx: Context): Promise<void>;

  /** Refuses new work (`SQL_CLOSED`), lets the running work end, at most 5 s, and closes. May be called twice. */
  close(): Promise<void>;
}

/**
 * One step of the schema. Steps are applied in the order of the list, each once, and are never changed after a release:
 * what has to be different becomes a further step.
 */
export type Migration = SqlMigration | ProgramMigration;

export interface SqlMigration {
  /** Unique and stable, 1 to 190 characters; by custom `001-accounts`. */
  readonly name: string;
  /** One statement each. */
  readonly sql: string | readonly string[];
}

export interface ProgramMigration {
  readonly name: string;
  /**
   * Changes the schema or the data through `db` and nothing else, with the same statements each time: it is also run
   * against a recorder that answers every query with no rows, to make the checksum.
   */
  readonly up: (db: MigrationDatabase, dialect: SqlDialect) => Promise<void>;
}

/** A migration sees the tables of its own time, which no type of today describes. */
// biome-ignore lint/suspicious/noExplicitAny: what Kysely asks for where tables are not known to the type checker
export type MigrationDatabase = Kysely<any>;

export interface MigrationOptions {
  /** In order. Default: none. */
  readonly migrations?: readonly Migration[];
  /** Accept a database that a newer version of the program has migrated further. Default: false. */
  readonly allowNewer?: boolean;
}
