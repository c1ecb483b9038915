import { AsyncLocalStorage } from 'node:async_hooks';
import {
  CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Driver,
  Kysely,
  type KyselyProps,
  type QueryResult,
  SingleConnectionProvider,
  Transaction,
} from 'kysely';
import type { ReadonlyKysely } from 'kysely/readonly';
import { withFields } from '../../call/index.ts';
import { type Context, sleep, until } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import type { SqlEngine, SqlSession, WriteSession } from './engine.ts';
import type { Sql, SqlDialect } from './sql.ts';
import { SqlErrors } from './sql-errors.ts';
import { StatementObserver } from './statement-observer.ts';

/** How often a write is repeated after a deadlock, and how long it waits before, in milliseconds: random up to this. */
const maxRepeats = 10;
const maxBackoffMs = 50;

/** The Sql over an engine; for authors of adapters. It owns the engine and closes it. */
export function createSql<DB>(engine: SqlEngine): Sql<DB> {
  return new EngineSql<DB>(engine);
}

class EngineSql<DB> implements Sql<DB> {
  readonly dialect: SqlDialect;
  readonly #engine: SqlEngine;
  readonly #observer: StatementObserver;
  readonly #binder: KyselyBinder;
  /** Marks the code that runs inside of a write, so that a write within it fails instead of waiting for itself. */
  readonly #writing = new AsyncLocalStorage<{ active: boolean }>();

  constructor(engine: SqlEngine) {
    this.dialect = engine.dialect;
    this.#engine = engine;
    this.#observer = new StatementObserver(engine.system, engine.namespace);
    this.#binder = new KyselyBinder(engine);
  }

  async read<T>(ctx: Context, queries: (db: ReadonlyKysely<DB>) => Promise<T>): Promise<T> {
    ctx.throwIfDone();
    const provider: ConnectionProvider = {
      provideConnection: async (consumer) => {
        const waitFrom = ctx.clock.now();
        const session = await this.#engine.reader(ctx);
        this.#observer.waited(ctx, ctx.clock.now() - waitFrom);
        try {
          return await consumer(new BoundConnection(ctx, session, this.#observer, 'read'));
        } finally {
          void session.release();
        }
      },
    };
    return await queries(new Kysely<DB>(this.#binder.props(provider)) as unknown as ReadonlyKysely<DB>);
  }

  async write<T>(ctx: Context, work: (tx: Transaction<DB>) => Promise<T>): Promise<T> {
    if (this.#writing.getStore()?.active) {
      throw new TypeError(
        'sql.write was called inside of sql.write of the same database; pass the transaction `tx` on instead',
      );
    }
    for (let repeat = 0; ; repeat++) {
      try {
        return await this.#writeOnce(ctx, work, repeat);
      } catch (error) {
        if (repeat >= maxRepeats || !errors.is(error, SqlErrors.SQL_CONFLICT)) throw error;
        await sleep(ctx, Math.random() * maxBackoffMs);
      }
    }
  }

  async #writeOnce<T>(parent: Context, work: (tx: Transaction<DB>) => Promise<T>, repeat: number): Promise<T> {
    const span = telemetryOf(parent).tracer.start(parent, 'transaction', {
      attributes: { 'db.system.name': this.#engine.system, 'db.namespace': this.#engine.namespace },
    });
    if (repeat > 0) span.setAttribute('flotilla.sql.repeat', repeat);
    const ctx = span.recording ? withFields(parent, { trace: span.context }) : parent;
    try {
      const waitFrom = ctx.clock.now();
      const session = await this.#engine.begin(ctx);
      this.#observer.waited(ctx, ctx.clock.now() - waitFrom);
      return await this.#transact(ctx, session, work);
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }

  async #transact<T>(ctx: Context, session: WriteSession, work: (tx: Transaction<DB>) => Promise<T>): Promise<T> {
    const connection = new BoundConnection(ctx, session, this.#observer, 'write');
    const tx = new Transaction<DB>(this.#binder.props(new SingleConnectionProvider(connection)));
    const scope = { active: true };
    try {
      const result = await until(
        ctx,
        this.#writing.run(scope, async () => work(tx)),
      );
      ctx.throwIfDone();
      connection.close();
      await this.#observer.observe(ctx, CompiledQuery.raw('commit'), () => session.commit());
      return result;
    } catch (error) {
      connection.close();
      const undone = session.rollback();
      // A caller that gave up is not kept waiting: the rollback follows the statement that still runs.
      if (ctx.err() === undefined) await undone;
      throw error;
    } finally {
      scope.active = false;
      void session.release();
    }
  }

  async ping(ctx: Context): Promise<void> {
    const session = await this.#engine.reader(ctx);
    try {
      await session.run(ctx, CompiledQuery.raw('select 1'));
    } finally {
      void session.release();
    }
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** Makes Kyselys whose connections belong to one call: cheap, since compiler and adapter are shared. */
export class KyselyBinder {
  readonly #engine: SqlEngine;
  readonly #executor: DefaultQueryExecutor;

  constructor(engine: SqlEngine) {
    this.#engine = engine;
    const dialect = engine.kysely;
    this.#executor = new DefaultQueryExecutor(dialect.createQueryCompiler(), dialect.createAdapter(), noConnections);
  }

  props(provider: ConnectionProvider): KyselyProps {
    const dialect = this.#engine.kysely;
    return {
      config: { dialect },
      dialect,
      driver: noDriver,
      executor: this.#executor.withConnectionProvider(provider),
    };
  }
}

/** Kysely's connection over a session: binds the Context, observes, and refuses what the session is not for. */
class BoundConnection implements DatabaseConnection {
  readonly #ctx: Context;
  readonly #session: SqlSession;
  readonly #observer: StatementObserver;
  readonly #mode: 'read' | 'write';
  #closed = false;

  constructor(ctx: Context, session: SqlSession, observer: StatementObserver, mode: 'read' | 'write') {
    this.#ctx = ctx;
    this.#session = session;
    this.#observer = observer;
    this.#mode = mode;
  }

  close(): void {
    this.#closed = true;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#check(query);
    const result = await this.#observer.observe(this.#ctx, query, (ctx) => this.#session.run(ctx, query));
    return result as QueryResult<R>;
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize = 100): AsyncIterableIterator<QueryResult<R>> {
    this.#check(query);
    const chunks = this.#observer.follow(this.#ctx, query, (ctx) => this.#session.stream(ctx, query, chunkSize));
    yield* chunks as AsyncIterableIterator<QueryResult<R>>;
  }

  #check(query: CompiledQuery): void {
    if (this.#closed) {
      this.#ctx.throwIfDone();
      throw SqlErrors.TRANSACTION_ENDED(
        'a statement came after its transaction had ended; await every statement inside of sql.write',
      );
    }
    const kind = query.query.kind;
    if (this.#mode === 'read' && kind !== 'SelectQueryNode' && kind !== 'RawNode') {
      throw new TypeError(`sql.read refuses a ${kind.replace(/(Query)?Node$/, '')} statement; use sql.write`);
    }
  }
}

function refuse(): never {
  throw new TypeError(
    'transactions and connections are made by sql.read and sql.write; this Kysely belongs to one of them',
  );
}

const noConnections: ConnectionProvider = { provideConnection: refuse };

const noDriver: Driver = {
  init: async () => {},
  acquireConnection: async () => refuse(),
  beginTransaction: async () => refuse(),
  commitTransaction: async () => refuse(),
  rollbackTransaction: async () => refuse(),
  releaseConnection: async () => {},
  destroy: async () => refuse(),
};
