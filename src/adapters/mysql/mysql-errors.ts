import type { Context } from '../../concurrency/index.ts';
import { SqlErrors } from '../../data/sql/index.ts';
import { type DefinedError, isStatusError, StatusError } from '../../errors/index.ts';

/** https://mariadb.com/kb/en/mariadb-error-code-reference; numbers are the same on MySQL unless said. */
const byNumber: Readonly<Record<number, DefinedError>> = {
  1062: SqlErrors.UNIQUE_VIOLATION,
  1586: SqlErrors.UNIQUE_VIOLATION,
  1216: SqlErrors.FOREIGN_KEY_VIOLATION,
  1217: SqlErrors.FOREIGN_KEY_VIOLATION,
  1451: SqlErrors.FOREIGN_KEY_VIOLATION,
  1452: SqlErrors.FOREIGN_KEY_VIOLATION,
  3819: SqlErrors.CHECK_VIOLATION, // MySQL
  4025: SqlErrors.CHECK_VIOLATION, // MariaDB
  1048: SqlErrors.NOT_NULL_VIOLATION,
  1364: SqlErrors.NOT_NULL_VIOLATION,
  1264: SqlErrors.VALUE_REFUSED, // out of range
  1265: SqlErrors.VALUE_REFUSED, // truncated
  1292: SqlErrors.VALUE_REFUSED,
  1366: SqlErrors.VALUE_REFUSED,
  1406: SqlErrors.VALUE_REFUSED, // too long
  1690: SqlErrors.VALUE_REFUSED, // arithmetic out of range
  1205: SqlErrors.SQL_BUSY, // lock wait timeout
  1020: SqlErrors.SQL_CONFLICT, // record has changed
  1213: SqlErrors.SQL_CONFLICT, // deadlock
  1290: SqlErrors.DATABASE_READ_ONLY,
  1792: SqlErrors.DATABASE_READ_ONLY,
  1836: SqlErrors.DATABASE_READ_ONLY,
  1021: SqlErrors.DISK_FULL,
  1114: SqlErrors.DISK_FULL,
  1034: SqlErrors.DATABASE_CORRUPT,
  1035: SqlErrors.DATABASE_CORRUPT,
  1712: SqlErrors.DATABASE_CORRUPT,
  1040: SqlErrors.DATABASE_UNREACHABLE, // too many connections
  1044: SqlErrors.DATABASE_UNREACHABLE, // access denied
  1045: SqlErrors.DATABASE_UNREACHABLE,
  1049: SqlErrors.DATABASE_UNREACHABLE, // unknown database
  1203: SqlErrors.DATABASE_UNREACHABLE,
  1053: SqlErrors.SQL_CONNECTION_LOST, // server shutdown
  1927: SqlErrors.SQL_CONNECTION_LOST, // connection was killed
};

const messages: ReadonlyMap<DefinedError, string> = new Map([
  [SqlErrors.UNIQUE_VIOLATION, 'a row with this key is there already'],
  [SqlErrors.FOREIGN_KEY_VIOLATION, 'the row that is referred to is missing, or is still referred to'],
  [SqlErrors.CHECK_VIOLATION, 'the values break a rule of the table'],
  [SqlErrors.NOT_NULL_VIOLATION, 'a value is missing'],
  [SqlErrors.VALUE_REFUSED, 'a value does not fit its column'],
  [SqlErrors.SQL_BUSY, 'another transaction held a lock for too long; try again'],
  [SqlErrors.SQL_CONFLICT, 'another write came between; try again'],
  [SqlErrors.DATABASE_READ_ONLY, 'the database refuses writes'],
  [SqlErrors.DATABASE_UNREACHABLE, 'the database does not accept a connection'],
  [SqlErrors.DATABASE_CORRUPT, 'a table is damaged'],
  [SqlErrors.DISK_FULL, 'the database cannot grow: the disk is full'],
  [SqlErrors.SQL_CONNECTION_LOST, 'the connection to the database was lost'],
]);

const interrupted = 1317;

/** The StatusError of what the driver gave. Its text may quote values, so it stays in the cause. */
export function mysqlError(error: unknown, ctx?: Context): StatusError {
  if (isStatusError(error)) return error;
  const { errno, code, sqlMessage } = fieldsOf(error);
  if (errno === interrupted)
    return ctx?.err() ?? new StatusError('canceled', 'the statement was interrupted', { cause: error });
  const defined = sqlMessage === undefined ? lostOrUnreachable(code) : byNumber[errno];
  if (defined === undefined) return SqlErrors.SQL_FAILED('the statement failed', { cause: error });
  const constraint = /for key '([^']+)'|CONSTRAINT `([^`]+)`/.exec(sqlMessage ?? '');
  const name = constraint?.[1] ?? constraint?.[2];
  return defined(messages.get(defined) ?? 'the statement failed', {
    cause: error,
    ...(name !== undefined && { metadata: { constraint: name } }),
  });
}

/** Errors without a message of the server's come from the network, or from the driver itself. */
function lostOrUnreachable(code: string): DefinedError | undefined {
  if (code === 'PROTOCOL_CONNECTION_LOST' || code === 'ECONNRESET' || code === 'EPIPE')
    return SqlErrors.SQL_CONNECTION_LOST;
  return /^(E[A-Z]+|PROTOCOL_.*|HANDSHAKE_.*)$/.test(code) ? SqlErrors.DATABASE_UNREACHABLE : undefined;
}

function fieldsOf(error: unknown): {
  readonly errno: number;
  readonly code: string;
  readonly sqlMessage: string | undefined;
} {
  if (typeof error !== 'object' || error === null) return { errno: 0, code: '', sqlMessage: undefined };
  const { errno, code, sqlMessage } = error as { errno?: unknown; code?: unknown; sqlMessage?: unknown };
  return {
    errno: typeof errno === 'number' ? errno : 0,
    code: typeof code === 'string' ? code : '',
    sqlMessage: typeof sqlMessage === 'string' ? sqlMessage : undefined,
  };
}
