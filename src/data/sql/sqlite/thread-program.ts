import type * as sqliteModule from 'node:sqlite';
import type * as threadsModule from 'node:worker_threads';
import type { SqlValue } from '../parameters.ts';
import type { Failure, Reply, Request, Rows, ThreadData } from './protocol.ts';

/**
 * What runs in the thread of one SQLite connection: it does what it is sent, one request after the other, and looks at the
 * stop word between rows and between attempts to begin.
 *
 * It is one function since it goes to the thread as text (`Thread`), without its types: a thread that had to load this
 * file itself would hold 11 MB more, for a type stripper of its own. So it must refer to nothing outside but its parameters.
 */
export function threadProgram(sqlite: typeof sqliteModule, threads: typeof threadsModule): void {
  /** How long SQLite itself waits for a lock, in milliseconds. Short: the wait to begin is ours, since it can be stopped. */
  const nativeWaitMs = { writer: 10, reader: 2_000, opening: 10_000 };
  /** The pause between two attempts to begin: random up to this, so that processes do not march in step. */
  const maxPauseMs = 5;
  const maxStatements = 200;
  const sqliteBusy = 5;

  class Failed extends Error {
    readonly reason: Failure['reason'];
    constructor(reason: Failure['reason'], message: string) {
      super(message);
      this.reason = reason;
    }
  }

  class Connection {
    readonly #data: ThreadData;
    readonly #stop: Int32Array;
    readonly #db: sqliteModule.DatabaseSync;
    readonly #statements = new Map<string, sqliteModule.StatementSync>();
    #cursor: { readonly statement: sqliteModule.StatementSync; readonly rows: Iterator<SqlValue[]> } | undefined;

    constructor(data: ThreadData) {
      this.#data = data;
      this.#stop = new Int32Array(data.stop);
      this.#db = new sqlite.DatabaseSync(data.path, {
        timeout: nativeWaitMs.opening,
        enableForeignKeyConstraints: true,
      });
      // The writer is opened first, so it alone sets the mode, which stays in the file.
      if (data.role === 'writer') this.#db.exec('PRAGMA journal_mode = WAL');
      this.#db.exec(`PRAGMA synchronous = ${data.synchronous}`);
      if (data.role === 'reader') this.#db.exec('PRAGMA query_only = ON');
      this.#db.exec(`PRAGMA busy_timeout = ${nativeWaitMs[data.role]}`);
    }

    handle(request: Request): Reply {
      switch (request.kind) {
        case 'run':
          return this.#run(request.sql, request.parameters, request.inTransaction);
        case 'open':
          return this.#open(request.sql, request.parameters, request.inTransaction);
        case 'fetch':
          return this.#fetch(request.maxRows);
        case 'end':
          return this.#endCursor();
        case 'begin':
          return this.#begin(request.waitMs);
        case 'commit':
          return this.#commit();
        case 'rollback':
          return this.#rollback();
        case 'close':
          this.#endCursor();
          this.#db.close();
          return done;
      }
    }

    #run(sql: string, parameters: readonly SqlValue[], inTransaction: boolean): Reply {
      this.#checkTransaction(inTransaction);
      const statement = this.#prepare(sql);
      if (statement.columns().length === 0) {
        const { changes, lastInsertRowid } = statement.run(...parameters);
        return { kind: 'done', changes: Number(changes), lastInsertRowid: BigInt(lastInsertRowid) };
      }
      const rows: SqlValue[][] = [];
      for (const row of this.#iterate(statement, parameters)) {
        if (rows.length === this.#data.maxRows)
          throw new Failed('too_many_rows', `more than ${this.#data.maxRows} rows`);
        rows.push(narrow(row));
        if ((rows.length & 63) === 0) this.#checkStop();
      }
      return rowsReply(statement, rows);
    }

    #open(sql: string, parameters: readonly SqlValue[], inTransaction: boolean): Reply {
      this.#checkTransaction(inTransaction);
      this.#endCursor();
      const statement = this.#prepare(sql);
      this.#cursor = { statement, rows: this.#iterate(statement, parameters)[Symbol.iterator]() };
      return done;
    }

    #fetch(maxRows: number): Reply {
      const cursor = this.#cursor;
      if (cursor === undefined) return done;
      const rows: SqlValue[][] = [];
      while (rows.length < maxRows) {
        const next = cursor.rows.next();
        if (next.done === true) {
          this.#cursor = undefined;
          break;
        }
        rows.push(narrow(next.value));
        if ((rows.length & 63) === 0) this.#checkStop();
      }
      return rowsReply(cursor.statement, rows);
    }

    #endCursor(): Reply {
      this.#cursor?.rows.return?.();
      this.#cursor = undefined;
      return done;
    }

    /**
     * BEGIN IMMEDIATE takes the write lock or fails at once, and nothing has been read or written by then, so trying again
     * is always right. A deferred transaction would find out at its first write, with reads behind it that cannot be redone.
     */
    #begin(waitMs: number): Reply {
      const limit = performance.now() + waitMs;
      for (;;) {
        try {
          this.#prepare('BEGIN IMMEDIATE').run();
          return done;
        } catch (error) {
          if (!isBusy(error) || performance.now() >= limit) throw error;
        }
        this.#checkStop();
        Atomics.wait(this.#stop, 0, 0, 1 + Math.random() * maxPauseMs);
      }
    }

    #commit(): Reply {
      this.#checkTransaction(true);
      this.#prepare('COMMIT').run();
      return done;
    }

    #rollback(): Reply {
      this.#endCursor();
      if (this.#db.isTransaction) this.#prepare('ROLLBACK').run();
      return done;
    }

    /** SQLite undoes a transaction by itself when the disk is full, say; what follows must not run outside of one. */
    #checkTransaction(expected: boolean): void {
      if (expected && !this.#db.isTransaction)
        throw new Failed('no_transaction', 'the database has rolled the transaction back');
    }

    #checkStop(): void {
      if (Atomics.load(this.#stop, 0) !== 0) throw new Failed('interrupted', 'interrupted');
    }

    #iterate(statement: sqliteModule.StatementSync, parameters: readonly SqlValue[]): IterableIterator<SqlValue[]> {
      return statement.iterate(...parameters) as unknown as IterableIterator<SqlValue[]>;
    }

    /** The compiled statement, from a least-recently-used cache. */
    #prepare(sql: string): sqliteModule.StatementSync {
      let statement = this.#statements.get(sql);
      if (statement === undefined) {
        statement = this.#db.prepare(sql);
        statement.setReturnArrays(true);
        statement.setReadBigInts(true);
        if (this.#statements.size >= maxStatements) {
          const oldest = this.#statements.keys().next();
          if (oldest.done !== true) this.#statements.delete(oldest.value);
        }
      } else {
        this.#statements.delete(sql);
      }
      this.#statements.set(sql, statement);
      return statement;
    }
  }

  const done: Reply = { kind: 'done', changes: 0, lastInsertRowid: 0n };

  function rowsReply(statement: sqliteModule.StatementSync, rows: SqlValue[][]): Rows {
    // Asked for after the rows: a statement that SQLite compiled anew for a changed schema has the new columns then.
    return { kind: 'rows', columns: statement.columns().map((column) => column.name), rows };
  }

  /** Whole numbers are read as bigint, so that none loses digits, and become numbers where a number holds them. */
  function narrow(row: SqlValue[]): SqlValue[] {
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      if (typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER)
        row[i] = Number(value);
    }
    return row;
  }

  function isBusy(error: unknown): boolean {
    return errcodeOf(error) % 256 === sqliteBusy;
  }

  function errcodeOf(error: unknown): number {
    return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
  }

  function failure(error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Failed) return { kind: 'failure', errcode: 0, message, reason: error.reason };
    const errcode = errcodeOf(error);
    return { kind: 'failure', errcode, message, reason: errcode === 0 ? 'other' : 'sqlite' };
  }

  const port = threads.parentPort;
  if (port === null) return;
  let connection: Connection;
  try {
    connection = new Connection(threads.workerData as ThreadData);
  } catch (error) {
    port.postMessage(failure(error));
    return;
  }
  port.on('message', (request: Request) => {
    let reply: Reply;
    try {
      reply = connection.handle(request);
    } catch (error) {
      reply = failure(error);
    }
    port.postMessage(reply);
    if (request.kind === 'close') port.close();
  });
  port.postMessage(done);
}
