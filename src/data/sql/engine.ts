import type { CompiledQuery, Dialect, QueryResult } from 'kysely';
import type { Context } from '../../concurrency/index.ts';
import type { SqlDialect } from './sql.ts';

/**
 * What `createSql` needs of a database; for authors of adapters. It knows connections and statements, and nothing of
 * transactions around user code, telemetry or migrations, which are the same for all.
 */
export interface SqlEngine {
  readonly dialect: SqlDialect;
  /** `db.system.name` of OpenTelemetry: `sqlite`, `mariadb`, `mysql`. */
  readonly system: string;
  /** `db.namespace`: which database, for spans. Never a password. */
  readonly namespace: string;
  /** Kysely's compiler, adapter and introspector. Its driver is never asked. */
  readonly kysely: Dialect;
  /** A connection for reading, when one is free. */
  reader(ctx: Context): Promise<SqlSession>;
  /** A connection with a write transaction begun. */
  begin(ctx: Context): Promise<WriteSession>;
  /** Calls `step` until it answers false, while no other process migrates; each in a transaction where DDL has them. */
  migrate(ctx: Context, step: (session: SqlSession) => Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

/** A connection on loan. Its user runs one statement at a time. */
export interface SqlSession {
  /** Throws StatusErrors of `SqlErrors`, or the Context's error as soon as it ends. */
  run(ctx: Context, query: CompiledQuery): Promise<QueryResult<unknown>>;
  /** The rows in chunks of at most `chunkRows`; only as many are held as one chunk has. */
  stream(ctx: Context, query: CompiledQuery, chunkRows: number): AsyncIterableIterator<QueryResult<unknown>>;
  /** Gives it back, after what still runs on it; never throws and may be called twice. */
  release(): Promise<void>;
}

export interface WriteSession extends SqlSession {
  /** Takes no Context: a commit under way cannot be taken back, so its outcome is waited for. */
  commit(): Promise<void>;
  /** Never throws: a connection that cannot roll back is thrown away, which rolls back too. */
  rollback(): Promise<void>;
}
