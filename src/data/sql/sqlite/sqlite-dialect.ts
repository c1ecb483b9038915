import {
  type DatabaseIntrospector,
  type Dialect,
  type Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/**
 * Kysely's view of SQLite over node:sqlite. Kysely's own SqliteDialect asks for a synchronous driver object in this
 * thread (better-sqlite3's shape); ours has no driver at all, since each call brings its own connection.
 */
export const sqliteDialect: Dialect = {
  createAdapter: () => new SqliteAdapter(),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db),
  createDriver: () => {
    throw new TypeError('this dialect has no driver of its own; use openSql');
  },
};
