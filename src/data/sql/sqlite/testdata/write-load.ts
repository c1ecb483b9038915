/**
 * A process that writes, for tests with several of them: `node write-load.ts <file> <count> <name>`. Each write
 * reads a counter, changes it and adds a row; the id of the row is printed once the write is acknowledged. The last line
 * is `{"failed":n}`.
 */
import { background } from '../../../../concurrency/index.ts';
import { type Migration, openSql, type Sql } from '../../index.ts';

export interface LoadTables {
  counter: { id: number; value: number };
  entry: { id: string };
}

export const loadMigrations: readonly Migration[] = [
  {
    name: '001-counter',
    sql: ['create table counter (id integer primary key, value bigint not null)', 'insert into counter values (1, 0)'],
  },
  { name: '002-entry', sql: 'create table entry (id varchar(64) primary key)' },
];

/** One write that loses updates unless transactions are truly isolated. */
export async function addEntry(sql: Sql<LoadTables>, id: string): Promise<void> {
  await sql.write(background().withTimeout(20_000), async (tx) => {
    const { value } = await tx.selectFrom('counter').select('value').where('id', '=', 1).executeTakeFirstOrThrow();
    await tx
      .updateTable('counter')
      .set({ value: value + 1 })
      .where('id', '=', 1)
      .execute();
    await tx.insertInto('entry').values({ id }).execute();
  });
}

async function main(file: string, count: number, name: string): Promise<void> {
  const sql = await openSql<LoadTables>({ url: `sqlite:${file}`, migrations: loadMigrations });
  let failed = 0;
  for (let i = 0; i < count; i++) {
    const id = `${name}-${i}`;
    try {
      await addEntry(sql, id);
      process.stdout.write(`${id}\n`);
    } catch (error) {
      failed++;
      process.stderr.write(`${id}: ${error}\n`);
    }
  }
  await sql.close();
  process.stdout.write(`${JSON.stringify({ failed })}\n`);
}

if (import.meta.main) await main(process.argv[2] ?? '', Number(process.argv[3]), process.argv[4] ?? '');
