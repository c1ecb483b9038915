import { defineErrors } from '../../errors/index.ts';

/**
 * What a database may answer, by the reason that a store branches on. Metadata: `constraint` on a violation (SQLite gives
 * the columns, MySQL the name of the key). The driver's own error is the cause and stays in the service.
 */
export const SqlErrors = defineErrors('flotilla.sql', {
  UNIQUE_VIOLATION: { code: 'already_exists', description: 'A row with this key is there already.' },
  FOREIGN_KEY_VIOLATION: {
    code: 'failed_precondition',
    description: 'The row that is referred to is missing, or is still referred to.',
  },
  CHECK_VIOLATION: { code: 'failed_precondition', description: 'A CHECK of the table refuses the values.' },
  NOT_NULL_VIOLATION: { code: 'invalid_argument', description: 'A column that needs a value got none.' },
  VALUE_REFUSED: { code: 'invalid_argument', description: 'A value does not fit its column.' },
  SQL_BUSY: { code: 'unavailable', description: 'Another process held the lock for longer than the write may wait.' },
  SQL_CONFLICT: {
    code: 'aborted',
    description: 'The database broke a deadlock, or what was read has changed. A write is repeated by itself.',
  },
  SQL_QUEUE_FULL: { code: 'resource_exhausted', description: 'Too many statements wait for a connection.' },
  RESULT_TOO_LARGE: { code: 'resource_exhausted', description: 'A query gave more rows than maxRows.' },
  DISK_FULL: { code: 'resource_exhausted', description: 'The database cannot grow.' },
  DATABASE_CORRUPT: { code: 'data_loss', description: 'The file is damaged or is not a database.' },
  DATABASE_READ_ONLY: {
    code: 'failed_precondition',
    description: 'The file, its folder or the server refuses writes.',
  },
  DATABASE_UNREACHABLE: {
    code: 'unavailable',
    description: 'The file cannot be opened, or the server does not answer.',
  },
  SQL_CONNECTION_LOST: { code: 'unavailable', description: 'The connection broke while a statement ran.' },
  SQL_CLOSED: { code: 'unavailable', description: 'The database was closed by its owner.' },
  TRANSACTION_ENDED: { code: 'internal', description: 'A statement came after its transaction had ended.' },
  SQL_FAILED: { code: 'internal', description: 'A statement is wrong: syntax, an unknown table, an unknown column.' },
  MIGRATION_CHANGED: {
    code: 'failed_precondition',
    description: 'A migration that was applied reads differently now.',
  },
  MIGRATION_MISSING: {
    code: 'failed_precondition',
    description: 'The database has a migration that the program has not.',
  },
  MIGRATION_UNFINISHED: {
    code: 'failed_precondition',
    description: 'A migration was interrupted on a database without transactional DDL.',
  },
  COLLATION_UNSUITABLE: {
    code: 'failed_precondition',
    description: 'The database compares text without regard to case.',
  },
});
