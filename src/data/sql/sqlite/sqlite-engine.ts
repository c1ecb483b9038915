import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { CompiledQuery, QueryResult } from 'kysely';
import type { Context } from '../../../concurrency/index.ts';
import type { SqlEngine, SqlSession, WriteSession } from '../engine.ts';
import { toSqlValues } from '../parameters.ts';
import { SqlErrors } from '../sql-errors.ts';
import type { Reply, Rows } from './protocol.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { Thread } from './thread.ts';
import { ThreadPool } from './thread-pool.ts';

export interface SqliteOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  readonly readers: number;
  readonly maxQueued: number;
  readonly maxRows: number;
  readonly busyTimeoutMs: number;
  readonly synchronous: 'normal' | 'full';
}

/** Opens the file with its writer, so that a path that cannot be used is told at once. Readers follow when needed. */
export async function openSqliteEngine(ctx: Context, options: SqliteOptions): Promise<SqlEngine> {
  const { path, remove } = await place(options.path);
  const thread = {
    path,
    maxRows: options.maxRows,
    synchronous: remove === undefined ? options.synchronous : ('off' as const),
  };
  const writers = new ThreadPool({
    name: 'write',
    max: 1,
    maxQueued: options.maxQueued,
    open: () => Thread.open({ ...thread, role: 'writer' }),
  });
  const readers = new ThreadPool({
    name: 'read',
    max: options.readers,
    maxQueued: options.maxQueued,
    open: () => Thread.open({ ...thread, role: 'reader' }),
  });
  const engine = new SqliteEngine(basename(path), writers, readers, options.busyTimeoutMs, remove);
  try {
    await writers.release(await writers.acquire(ctx));
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

class SqliteEngine implements SqlEngine {
  readonly dialect = 'sqlite';
  readonly system = 'sqlite';
  readonly kysely = sqliteDialect;
  readonly namespace: string;
  readonly #writers: ThreadPool;
  readonly #readers: ThreadPool;
  readonly #busyTimeoutMs: number;
  readonly #remove: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    namespace: string,
    writers: ThreadPool,
    readers: ThreadPool,
    busyTimeoutMs: number,
    remove: (() => Promise<void>) | undefined,
  ) {
    this.namespace = namespace;
    this.#writers = writers;
    this.#readers = readers;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#remove = remove;
  }

  async reader(ctx: Context): Promise<SqlSession> {
    return new ThreadSession(this.#readers, await this.#readers.acquire(ctx), false);
  }

  begin(ctx: Context): Promise<WriteSession> {
    return this.#begin(ctx, this.#busyTimeoutMs);
  }

  async #begin(ctx: Context, busyTimeoutMs: number): Promise<WriteSession> {
    const thread = await this.#writers.acquire(ctx);
    const session = new ThreadSession(this.#writers, thread, true);
    try {
      // A little longer than the Context, so that its end is the error, and not the busy database.
      await thread.call(ctx, { kind: 'begin', waitMs: Math.min(busyTimeoutMs, ctx.remainingMs() + 50) });
      return session;
    } catch (error) {
      // The Context may have ended after the thread had begun.
      void session.rollback().then(() => session.release());
      throw error;
    }
  }

  async migrate(ctx: Context, step: (session: SqlSession) => Promise<boolean>): Promise<void> {
    for (let more = true; more; ) {
      // Another process may migrate for longer than any write should wait: only the time to open counts.
      const session = await this.#begin(ctx, Number.POSITIVE_INFINITY);
      try {
        more = await step(session);
        await session.commit();
      } catch (error) {
        await session.rollback();
        throw error;
      } finally {
        await session.release();
      }
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Readers first: the last connection to leave writes the log back into the file, and a reader may not. */
  async #close(): Promise<void> {
    await this.#readers.close();
    await this.#writers.close();
    await this.#remove?.();
  }
}

class ThreadSession implements WriteSession {
  readonly #pool: ThreadPool;
  readonly #thread: Thread;
  readonly #inTransaction: boolean;
  #undone: Promise<void> | undefined;
  /** Resolves when the last stream is closed in the thread. */
  #ended: Promise<void> | undefined;

  constructor(pool: ThreadPool, thread: Thread, inTransaction: boolean) {
    this.#pool = pool;
    this.#thread = thread;
    this.#inTransaction = inTransaction;
  }

  async run(ctx: Context, query: CompiledQuery): Promise<QueryResult<unknown>> {
    const parameters = toSqlValues(query.parameters);
    return toResult(
      await this.#thread.call(ctx, { kind: 'run', sql: query.sql, parameters, inTransaction: this.#inTransaction }),
    );
  }

  async *stream(ctx: Context, query: CompiledQuery, chunkRows: number): AsyncIterableIterator<QueryResult<unknown>> {
    const parameters = toSqlValues(query.parameters);
    await this.#thread.call(ctx, { kind: 'open', sql: query.sql, parameters, inTransaction: this.#inTransaction });
    try {
      for (;;) {
        const reply = await this.#thread.call(ctx, { kind: 'fetch', maxRows: chunkRows });
        if (reply.kind !== 'rows' || reply.rows.length === 0) return;
        yield toResult(reply);
        if (reply.rows.length < chunkRows) return;
      }
    } finally {
      this.#ended = this.#endStream();
      // A caller that gave up is not kept waiting: the end follows the fetch that still runs.
      if (ctx.err() === undefined) await this.#ended;
    }
  }

  async commit(): Promise<void> {
    await this.#thread.settled;
    await this.#thread.call(undefined, { kind: 'commit' });
  }

  rollback(): Promise<void> {
    this.#undone ??= this.#rollback();
    return this.#undone;
  }

  async release(): Promise<void> {
    await this.#undone;
    await this.#pool.release(this.#thread, this.#ended);
  }

  async #endStream(): Promise<void> {
    await this.#thread.settled;
    await this.#thread.call(undefined, { kind: 'end' }).catch(() => this.#thread.discard());
  }

  async #rollback(): Promise<void> {
    await this.#ended;
    await this.#thread.settled;
    await this.#thread.call(undefined, { kind: 'rollback' }).catch(() => this.#thread.discard());
  }
}

function toResult(reply: Exclude<Reply, { kind: 'failure' }>): QueryResult<unknown> {
  if (reply.kind === 'rows') return { rows: toObjects(reply) };
  return { rows: [], numAffectedRows: BigInt(reply.changes), insertId: reply.lastInsertRowid };
}

function toObjects({ columns, rows }: Rows): unknown[] {
  return rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i++) object[columns[i]!] = row[i];
    return object;
  });
}

/** Where the file is. `:memory:` is a file of its own that goes with `close`: it behaves as any other, several connections included. */
async function place(
  path: string,
): Promise<{ readonly path: string; readonly remove: (() => Promise<void>) | undefined }> {
  try {
    if (path === ':memory:') {
      const folder = await mkdtemp(join(tmpdir(), 'flotilla-sql-'));
      return { path: join(folder, 'memory.sqlite'), remove: () => rm(folder, { recursive: true, force: true }) };
    }
    await mkdir(dirname(path), { recursive: true });
    return { path, remove: undefined };
  } catch (cause) {
    throw SqlErrors.DATABASE_UNREACHABLE(
      `the folder of the database "${path}" cannot be made; check the path and its permissions`,
      { cause },
    );
  }
}
