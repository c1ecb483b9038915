import { type DefinedError, StatusError } from '../../../errors/index.ts';
import { SqlErrors } from '../sql-errors.ts';
import type { Failure } from './protocol.ts';

/** https://www.sqlite.org/rescode.html: extended codes first, then primary ones (the low byte). */
const byExtendedCode: Readonly<Record<number, DefinedError>> = {
  1555: SqlErrors.UNIQUE_VIOLATION, // CONSTRAINT_PRIMARYKEY
  2067: SqlErrors.UNIQUE_VIOLATION, // CONSTRAINT_UNIQUE
  2579: SqlErrors.UNIQUE_VIOLATION, // CONSTRAINT_ROWID
  787: SqlErrors.FOREIGN_KEY_VIOLATION,
  275: SqlErrors.CHECK_VIOLATION,
  1299: SqlErrors.NOT_NULL_VIOLATION,
  517: SqlErrors.SQL_CONFLICT, // BUSY_SNAPSHOT
};

const byPrimaryCode: Readonly<Record<number, DefinedError>> = {
  5: SqlErrors.SQL_BUSY,
  6: SqlErrors.SQL_BUSY, // LOCKED
  8: SqlErrors.DATABASE_READ_ONLY,
  10: SqlErrors.DATABASE_UNREACHABLE, // IOERR
  11: SqlErrors.DATABASE_CORRUPT,
  13: SqlErrors.DISK_FULL,
  14: SqlErrors.DATABASE_UNREACHABLE, // CANTOPEN
  18: SqlErrors.VALUE_REFUSED, // TOOBIG
  19: SqlErrors.CHECK_VIOLATION, // any other constraint, such as a trigger's RAISE
  20: SqlErrors.VALUE_REFUSED, // MISMATCH
  26: SqlErrors.DATABASE_CORRUPT, // NOTADB
};

/** What to tell for each: SQLite's own text is in the cause, since it may quote names and texts of the schema. */
const messages: ReadonlyMap<DefinedError, string> = new Map([
  [SqlErrors.UNIQUE_VIOLATION, 'a row with this key is there already'],
  [SqlErrors.FOREIGN_KEY_VIOLATION, 'the row that is referred to is missing, or is still referred to'],
  [SqlErrors.CHECK_VIOLATION, 'the values break a rule of the table'],
  [SqlErrors.NOT_NULL_VIOLATION, 'a value is missing'],
  [SqlErrors.VALUE_REFUSED, 'a value does not fit its column'],
  [SqlErrors.SQL_BUSY, 'another process held the write lock for too long; try again'],
  [SqlErrors.SQL_CONFLICT, 'another write came between; try again'],
  [SqlErrors.DATABASE_READ_ONLY, 'the database refuses writes'],
  [SqlErrors.DATABASE_UNREACHABLE, 'the database cannot be opened, read or written'],
  [SqlErrors.DATABASE_CORRUPT, 'the database is damaged or is not a SQLite file'],
  [SqlErrors.DISK_FULL, 'the database cannot grow: the disk is full'],
]);

/** The StatusError of a failure in the thread. `sql` is the statement, for the log. */
export function sqliteError(failure: Failure, sql: string): StatusError {
  const cause = new Error(`SQLite ${failure.errcode}: ${failure.message}${sql === '' ? '' : ` in: ${sql}`}`);
  switch (failure.reason) {
    case 'interrupted':
      return new StatusError('canceled', 'the statement was interrupted', { cause });
    case 'too_many_rows':
      return SqlErrors.RESULT_TOO_LARGE(`the query gives ${failure.message}; take pages, or stream it`, { cause });
    case 'no_transaction':
      return SqlErrors.SQL_CONFLICT('the database has rolled the transaction back', { cause });
    case 'other':
      return SqlErrors.SQL_FAILED('the statement failed', { cause });
    case 'sqlite':
      return sqliteCodeError(failure, cause);
  }
}

function sqliteCodeError(failure: Failure, cause: Error): StatusError {
  const defined = byExtendedCode[failure.errcode] ?? byPrimaryCode[failure.errcode % 256] ?? SqlErrors.SQL_FAILED;
  const constraint = /constraint failed: (.+)$/.exec(failure.message)?.[1];
  return defined(messages.get(defined) ?? 'the statement failed', {
    cause,
    ...(constraint !== undefined && { metadata: { constraint } }),
  });
}
