import { createHash } from 'node:crypto';
import { MysqlDialect } from 'kysely';
import type { Pool, PoolConnection } from 'mysql2';
import { background, type Context, WaitGroup } from '../../concurrency/index.ts';
import { type SqlEngine, SqlErrors, type SqlSession, type WriteSession } from '../../data/sql/index.ts';
import { mysqlError } from './mysql-errors.ts';
import { MysqlSession } from './mysql-session.ts';

export interface MysqlEngineOptions {
  readonly maxQueued: number;
  readonly maxRows: number;
}

/**
 * What every connection is set to, once. Strict: a value that does not fit is an error, as everywhere else. READ COMMITTED:
 * a statement sees what was committed when it began, as a reader on SQLite does, so a row that a unique key has just
 * refused can be read. Escapes by backslash are what the driver's quoting counts on.
 */
const sessionSettings = [
  "set session sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  'set session transaction isolation level read committed',
];

const closeMs = 5_000;
/** GET_LOCK waits on the server in steps of this, so that an ended Context is noticed. */
const lockStepSeconds = 1;

export class MysqlEngine implements SqlEngine {
  readonly dialect = 'mysql';
  readonly kysely: MysqlDialect;
  system = 'mysql';
  namespace = '';
  readonly #pool: Pool;
  readonly #options: MysqlEngineOptions;
  readonly #prepared = new WeakSet<PoolConnection>();
  #waiting = 0;
  readonly #lent = new WaitGroup({ name: 'connections' });
  #closed = false;

  constructor(pool: Pool, options: MysqlEngineOptions) {
    this.#pool = pool;
    this.#options = options;
    this.kysely = new MysqlDialect({ pool });
  }

  /** Asks the server what it is. Answers the collation of the database. */
  async identify(ctx: Context): Promise<string> {
    const session = await this.#session(ctx);
    try {
      const [row] = await session.statement(
        'select version() as version, database() as name, @@collation_database as collation',
        [],
        ctx,
      );
      this.system = /mariadb/i.test(String(row?.version)) ? 'mariadb' : 'mysql';
      this.namespace = String(row?.name ?? '');
      return String(row?.collation ?? '');
    } finally {
      await session.release();
    }
  }

  reader(ctx: Context): Promise<SqlSession> {
    return this.#session(ctx);
  }

  async begin(ctx: Context): Promise<WriteSession> {
    const session = await this.#session(ctx);
    try {
      await session.statement('begin', [], ctx);
      return session;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async migrate(ctx: Context, step: (session: SqlSession) => Promise<boolean>): Promise<void> {
    const session = await this.#session(ctx);
    // A lock's name may have 64 characters and is one for the whole server.
    const lock = `flotilla-migrate-${createHash('sha256').update(this.namespace).digest('hex').slice(0, 32)}`;
    try {
      for (let held = false; !held; ) {
        const [row] = await session.statement('select get_lock(?, ?) as held', [lock, lockStepSeconds], ctx);
        held = Number(row?.held) === 1;
      }
      while (await step(session)) ctx.throwIfDone();
    } finally {
      // A connection that broke has lost its lock with it.
      await session.statement('do release_lock(?)', [lock]).catch(() => {});
      await session.release();
    }
  }

  /** Waits for the lent connections, at most 5 s. The pool stays: it belongs to whoever made it. */
  async close(): Promise<void> {
    this.#closed = true;
    using limit = background().withTimeout(closeMs);
    try {
      await this.#lent.wait(limit);
    } catch {
      // Whoever still has one gives it back to a pool that is no longer ours to watch.
    }
  }

  async #session(ctx: Context): Promise<MysqlSession> {
    const connection = await this.#acquire(ctx);
    this.#lent.add();
    const session = new MysqlSession(connection, {
      maxRows: this.#options.maxRows,
      kill: (threadId) => this.#kill(threadId),
      onRelease: () => this.#lent.done(),
    });
    if (this.#prepared.has(connection)) return session;
    try {
      for (const setting of sessionSettings) await session.statement(setting, [], ctx);
      this.#prepared.add(connection);
      return session;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  #acquire(ctx: Context): Promise<PoolConnection> {
    const { maxQueued } = this.#options;
    return new Promise((resolve, reject) => {
      ctx.throwIfDone();
      if (this.#closed) throw SqlErrors.SQL_CLOSED('the database is closed');
      if (this.#waiting >= maxQueued) {
        throw SqlErrors.SQL_QUEUE_FULL(
          `${maxQueued} calls wait for the database already; try again later, or raise maxQueued`,
          {
            metadata: { limit: String(maxQueued) },
          },
        );
      }
      this.#waiting++;
      let wanted = true;
      const stop = ctx.onDone(() => {
        wanted = false;
        reject(ctx.err());
      });
      this.#pool.getConnection((error, connection) => {
        this.#waiting--;
        stop();
        if (!wanted) connection?.release();
        else if (error) reject(mysqlError(error));
        else resolve(connection);
      });
    });
  }

  /** Best effort, in the background: a server that cannot be told notices at the next row that nobody listens. */
  #kill(threadId: number): void {
    this.#pool.query(`kill ${Math.trunc(threadId)}`, () => {});
  }
}
