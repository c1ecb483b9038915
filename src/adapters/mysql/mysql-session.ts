import type { CompiledQuery, QueryResult } from 'kysely';
import type { PoolConnection, QueryOptions, TypeCastField, TypeCastNext } from 'mysql2';
import type { Context } from '../../concurrency/index.ts';
import { SqlErrors, type SqlValue, toSqlValues, type WriteSession } from '../../data/sql/index.ts';
import { mysqlError } from './mysql-errors.ts';

export interface SessionOptions {
  readonly maxRows: number;
  /** Ends the connection's statement on the server, by the id of the connection. */
  readonly kill: (threadId: number) => void;
  readonly onRelease: () => void;
}

/** One connection on loan. A statement whose Context ends is killed on the server, with its connection and transaction. */
export class MysqlSession implements WriteSession {
  readonly #connection: PoolConnection;
  readonly #options: SessionOptions;
  #state: 'usable' | 'broken' | 'released' = 'usable';

  constructor(connection: PoolConnection, options: SessionOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async run(ctx: Context, query: CompiledQuery): Promise<QueryResult<unknown>> {
    const values = toSqlValues(query.parameters).map(toDriverValue);
    ctx.throwIfDone();
    return await this.#execute(query.sql, values, ctx);
  }

  async *stream(ctx: Context, query: CompiledQuery, chunkRows: number): AsyncIterableIterator<QueryResult<unknown>> {
    const values = toSqlValues(query.parameters).map(toDriverValue);
    ctx.throwIfDone();
    this.#throwIfBroken();
    const rows = this.#connection
      .query(options(query.sql, values))
      .stream({ objectMode: true, highWaterMark: chunkRows });
    const stop = ctx.onDone(() => {
      this.#abandon();
      // The driver forgets a statement whose connection is destroyed: its stream would never end.
      rows.destroy(ctx.err());
    });
    let complete = false;
    try {
      let chunk: unknown[] = [];
      for await (const row of rows) {
        ctx.throwIfDone();
        if (chunk.push(row) < chunkRows) continue;
        yield { rows: chunk };
        ctx.throwIfDone();
        chunk = [];
      }
      complete = true;
      if (chunk.length > 0) yield { rows: chunk };
    } catch (error) {
      throw ctx.err() ?? mysqlError(error);
    } finally {
      stop();
      // The rest of the rows would otherwise be sent to whoever uses the connection next.
      if (!complete) this.#abandon();
    }
  }

  /** For statements of the adapter itself. */
  async statement(
    sql: string,
    values: readonly SqlValue[] = [],
    ctx?: Context,
  ): Promise<readonly Record<string, unknown>[]> {
    const { rows } = await this.#execute(sql, values.map(toDriverValue), ctx);
    return rows as Record<string, unknown>[];
  }

  async commit(): Promise<void> {
    await this.statement('commit');
  }

  async rollback(): Promise<void> {
    if (this.#state === 'usable') await this.statement('rollback').catch(() => this.#abandon());
  }

  async release(): Promise<void> {
    if (this.#state === 'released') return;
    if (this.#state === 'usable') this.#connection.release();
    this.#state = 'released';
    this.#options.onRelease();
  }

  #execute(sql: string, values: readonly unknown[], ctx: Context | undefined): Promise<QueryResult<unknown>> {
    return new Promise((resolve, reject) => {
      this.#throwIfBroken();
      const rows: unknown[] = [];
      let hasRows = false;
      let result: QueryResult<unknown> = { rows };
      const stop = ctx?.onDone(() => {
        this.#abandon();
        reject(ctx.err());
      });
      const fail = (error: unknown) => {
        stop?.();
        reject(mysqlError(error, ctx));
      };
      const running = this.#connection.query(options(sql, values));
      running.on('error', (error: unknown) => {
        if (isFatal(error)) this.#abandon();
        fail(error);
      });
      running.on('fields', (fields: unknown) => {
        hasRows = Array.isArray(fields);
      });
      running.on('result', (row: unknown) => {
        if (!hasRows) result = toResult(row);
        else if (rows.push(row) > this.#options.maxRows) {
          this.#abandon();
          fail(
            SqlErrors.RESULT_TOO_LARGE(
              `the query gives more than ${this.#options.maxRows} rows; take pages, or stream it`,
            ),
          );
        }
      });
      running.on('end', () => {
        stop?.();
        resolve(result);
      });
    });
  }

  #throwIfBroken(): void {
    if (this.#state !== 'usable') throw SqlErrors.SQL_CONNECTION_LOST('the connection to the database was lost');
  }

  /** Drops the connection; the server ends its statement and rolls back. */
  #abandon(): void {
    if (this.#state !== 'usable') return;
    this.#state = 'broken';
    this.#connection.destroy();
    this.#options.kill(this.#connection.threadId);
  }
}

function options(sql: string, values: readonly unknown[]): QueryOptions {
  return { sql, values: [...values], typeCast };
}

/** Whole numbers come as on SQLite: a number where that holds them, else a bigint. A sum of such is a DECIMAL without fraction. */
function typeCast(field: TypeCastField, next: TypeCastNext): unknown {
  if (field.type !== 'LONGLONG' && field.type !== 'NEWDECIMAL') return next();
  const text = field.string();
  if (text === null || text.includes('.')) return text;
  const whole = BigInt(text);
  return whole >= Number.MIN_SAFE_INTEGER && whole <= Number.MAX_SAFE_INTEGER ? Number(whole) : whole;
}

/** The driver knows Node's Buffer only. */
function toDriverValue(value: SqlValue): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function toResult(header: unknown): QueryResult<unknown> {
  const { affectedRows, insertId, changedRows } = header as {
    affectedRows?: number;
    insertId?: number;
    changedRows?: number;
  };
  return {
    rows: [],
    numAffectedRows: BigInt(affectedRows ?? 0),
    ...(changedRows !== undefined && { numChangedRows: BigInt(changedRows) }),
    ...(insertId !== undefined && insertId !== 0 && { insertId: BigInt(insertId) }),
  };
}

function isFatal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true;
}
