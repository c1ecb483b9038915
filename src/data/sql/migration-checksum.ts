import { createHash } from 'node:crypto';
import { type CompiledQuery, type ConnectionProvider, type DatabaseConnection, Kysely, type QueryResult } from 'kysely';
import { KyselyBinder } from './create-sql.ts';
import type { SqlEngine } from './engine.ts';
import type { Migration } from './sql.ts';

/** The statements of a migration that is given as text. */
export function statementsOf(migration: Migration): readonly string[] | undefined {
  if (!('sql' in migration)) return undefined;
  return typeof migration.sql === 'string' ? [migration.sql] : migration.sql;
}

/**
 * What identifies the content of a migration: its statements, without the layout of their text. For a program these are
 * the statements that it makes against a recorder, so the checksum is the same for a source file and what a compiler or
 * formatter makes of it, which the text of a function would not be.
 */
export async function checksumOf(migration: Migration, engine: SqlEngine): Promise<string> {
  const statements = statementsOf(migration) ?? (await record(migration, engine));
  const hash = createHash('sha256');
  for (const statement of statements) hash.update(`${statement.replace(/\s+/g, ' ').trim()};\n`);
  return hash.digest('hex').slice(0, 32);
}

async function record(migration: Migration, engine: SqlEngine): Promise<string[]> {
  const statements: string[] = [];
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      statements.push(query.sql);
      return { rows: [] };
    },
    async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      statements.push(query.sql);
      yield { rows: [] };
    },
  };
  const provider: ConnectionProvider = { provideConnection: (consumer) => consumer(connection) };
  if (!('up' in migration)) return statements;
  try {
    await migration.up(new Kysely(new KyselyBinder(engine).props(provider)), engine.dialect);
  } catch {
    // A migration that needs rows stops where it finds none; what it said until there identifies it well enough.
  }
  return statements;
}
