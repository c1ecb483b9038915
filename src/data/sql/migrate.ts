import { CompiledQuery, Kysely, type QueryResult, SingleConnectionProvider } from 'kysely';
import type { Context } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import { KyselyBinder } from './create-sql.ts';
import type { SqlEngine, SqlSession } from './engine.ts';
import { checksumOf, statementsOf } from './migration-checksum.ts';
import type { Migration, MigrationDatabase, MigrationOptions } from './sql.ts';
import { SqlErrors } from './sql-errors.ts';

/** The table that remembers what was applied. */
const table = 'flotilla_migration';
const maxNameLength = 190;

interface Applied {
  readonly name: string;
  readonly checksum: string;
  readonly finished_ms: number | null;
}

/**
 * Brings the database to the end of the list; for authors of adapters. Processes that start together take turns: one
 * applies, the others find it done. Refuses, before anything is changed, a list that does not begin with what was applied.
 */
export async function migrate(ctx: Context, engine: SqlEngine, options: MigrationOptions): Promise<void> {
  const { migrations = [], allowNewer = false } = options;
  checkNames(migrations);
  if (migrations.length === 0) return;
  const checksums = await Promise.all(migrations.map((migration) => checksumOf(migration, engine)));
  const binder = new KyselyBinder(engine);
  await engine.migrate(ctx, async (session) => {
    const db: MigrationDatabase = new Kysely(binder.props(new SingleConnectionProvider(connect(ctx, session))));
    const applied = await readApplied(db);
    checkApplied(applied, migrations, checksums, allowNewer);
    const next = migrations[applied.length];
    if (next === undefined) return false;
    await apply(ctx, engine, db, next, { position: applied.length, checksum: checksums[applied.length]! });
    return applied.length + 1 < migrations.length;
  });
}

async function apply(
  ctx: Context,
  engine: SqlEngine,
  db: MigrationDatabase,
  migration: Migration,
  entry: { readonly position: number; readonly checksum: string },
): Promise<void> {
  const { name } = migration;
  // Written before the work and finished after it: without transactional DDL this is how an interruption is found.
  await db
    .insertInto(table)
    .values({ ...entry, name, started_ms: Date.now(), finished_ms: null })
    .execute();
  try {
    const statements = statementsOf(migration);
    for (const statement of statements ?? []) await db.executeQuery(CompiledQuery.raw(statement));
    if ('up' in migration) await migration.up(db, engine.dialect);
  } catch (error) {
    throw errors.wrap(error, `migration "${name}"`);
  }
  await db.updateTable(table).set({ finished_ms: Date.now() }).where('name', '=', name).execute();
  telemetryOf(ctx).log.info(ctx, 'migration applied', { migration: name, database: engine.namespace });
}

async function readApplied(db: MigrationDatabase): Promise<Applied[]> {
  await db.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('name', `varchar(${maxNameLength})`, (column) => column.primaryKey())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('checksum', 'varchar(64)', (column) => column.notNull())
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('finished_ms', 'bigint')
    .execute();
  return await db.selectFrom(table).select(['name', 'checksum', 'finished_ms']).orderBy('position').execute();
}

function checkApplied(
  applied: readonly Applied[],
  migrations: readonly Migration[],
  checksums: readonly string[],
  allowNewer: boolean,
): void {
  for (const [i, { name, checksum, finished_ms }] of applied.entries()) {
    const metadata = { migration: name };
    const expected = migrations[i];
    if (expected === undefined && allowNewer) return;
    if (expected === undefined) {
      throw SqlErrors.MIGRATION_MISSING(
        `the database has the migration "${name}", which comes after the last one of this program; run a newer version, or allow it with allowNewer`,
        { metadata },
      );
    }
    if (expected.name !== name) {
      throw SqlErrors.MIGRATION_MISSING(
        `migration ${i + 1} of this program is "${expected.name}", but the database has applied "${name}" there; keep old migrations and add new ones at the end`,
        { metadata },
      );
    }
    if (finished_ms === null) {
      throw SqlErrors.MIGRATION_UNFINISHED(
        `migration "${name}" was interrupted; repair by hand what it began, then delete its row from ${table} (to run it again) or set its finished_ms`,
        { metadata },
      );
    }
    if (expected && checksum !== checksums[i]) {
      throw SqlErrors.MIGRATION_CHANGED(
        `migration "${name}" was applied with other statements than it has now; restore it and add a new one, or, if both do the same, set its checksum in ${table} to "${checksums[i]}"`,
        { metadata },
      );
    }
  }
}

function checkNames(migrations: readonly Migration[]): void {
  const seen = new Set<string>();
  for (const { name } of migrations) {
    if (name.length === 0 || name.length > maxNameLength) {
      throw new TypeError(`the migration name "${name}" has ${name.length} characters; give it 1 to ${maxNameLength}`);
    }
    if (seen.has(name)) throw new TypeError(`the migration name "${name}" is there twice; names are unique`);
    seen.add(name);
  }
}

function connect(ctx: Context, session: SqlSession) {
  return {
    executeQuery: async <R>(query: CompiledQuery) => (await session.run(ctx, query)) as QueryResult<R>,
    streamQuery: <R>(query: CompiledQuery, chunkSize: number) =>
      session.stream(ctx, query, chunkSize) as AsyncIterableIterator<QueryResult<R>>,
  };
}
