import assert from 'node:assert/strict';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Kysely, sql as raw } from 'kysely';
import { background, sleep } from '../../../concurrency/index.ts';
import { cleanup } from '../../../testing/cleanup.ts';
import { openSql, type Sql, type SqlOptions } from '../index.ts';

interface Tables {
  note: { id: number; text: string };
}

const ctx = background();
const migrations = [{ name: '001', sql: 'create table note (id integer primary key, text text not null)' }];

describe('openSql', () => {
  it('makes the folder of the file', async (t) => {
    const path = join(await folder(t), 'a', 'b', 'notes.sqlite');

    await open(t, { url: `sqlite:${path}` });

    await access(path);
  });

  it('keeps what was written when it is opened again', async (t) => {
    const url = `sqlite:${join(await folder(t), 'notes.sqlite')}`;
    const first = await open(t, { url });
    await first.write(ctx, (tx) => tx.insertInto('note').values({ id: 1, text: 'kept' }).execute());
    await first.close();

    const second = await open(t, { url });

    assert.deepEqual(await notes(second), ['kept']);
  });

  it('forgets a :memory: database when it is closed', async (t) => {
    const first = await open(t, { url: 'sqlite::memory:' });
    await first.write(ctx, (tx) => tx.insertInto('note').values({ id: 1, text: 'gone' }).execute());
    const path = await file(first);

    await first.close();

    await assert.rejects(access(dirname(path)));
    assert.deepEqual(await notes(await open(t, { url: 'sqlite::memory:' })), []);
  });

  it('journals ahead and checks foreign keys on every connection', async (t) => {
    const sql = await open(t, { url: 'sqlite::memory:' });

    const pragmas = await sql.write(ctx, async (tx) => [
      await pragma(tx, 'journal_mode'),
      await pragma(tx, 'foreign_keys'),
    ]);

    assert.deepEqual(pragmas, ['wal', 1]);
  });

  const synchronous = [
    { given: undefined, mode: 1 },
    { given: 'normal', mode: 1 },
    { given: 'full', mode: 2 },
  ] as const;
  for (const { given, mode } of synchronous) {
    it(`flushes in mode ${mode} for synchronous ${given}`, async (t) => {
      const url = `sqlite:${join(await folder(t), 'notes.sqlite')}`;
      const sql = await open(t, given === undefined ? { url } : { url, synchronous: given });

      assert.equal(await sql.write(ctx, (tx) => pragma(tx, 'synchronous')), mode);
    });
  }

  const refused: readonly { title: string; options: Partial<SqlOptions>; error: RegExp }[] = [
    { title: 'a URL of another database', options: { url: 'mysql://u:secret@host/db' }, error: /"mysql:…".*openMysql/ },
    { title: 'a URL without a scheme', options: { url: 'notes.sqlite' }, error: /must be sqlite:<path>/ },
    { title: 'a URL without a path', options: { url: 'sqlite:' }, error: /must be sqlite:<path>/ },
    { title: 'no readers', options: { readers: 0 }, error: /readers is 0; give a whole number from 1 to 16/ },
    { title: 'a negative wait', options: { busyTimeoutMs: -1 }, error: /busyTimeoutMs is -1/ },
    { title: 'a queue of no length', options: { maxQueued: Number.NaN }, error: /maxQueued is NaN/ },
  ];
  for (const { title, options, error } of refused) {
    it(`refuses ${title}`, async (t) => {
      await assert.rejects(open(t, { url: 'sqlite::memory:', ...options }), (thrown: Error) => {
        assert.match(thrown.message, error);
        assert.doesNotMatch(thrown.message, /secret/);
        return true;
      });
    });
  }

  it('waits for the migration of another process for longer than a write would', async (t) => {
    const url = `sqlite:${join(await folder(t), 'notes.sqlite')}`;
    const first = await open(t, { url });
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const migrating = first.write(ctx, async () => {
      begun.resolve();
      await held.promise;
    });
    await begun.promise;

    const second = open(t, { url, busyTimeoutMs: 0 });
    const outcome = await Promise.race([second.catch((error) => error), sleep(ctx, 200).then(() => 'waits')]);
    held.resolve();
    await migrating;

    assert.equal(outcome, 'waits');
    assert.deepEqual(await notes(await second), []);
  });

  it('says data_loss for a file that is not a database', async (t) => {
    const path = join(await folder(t), 'notes.sqlite');
    await writeFile(path, 'this is a letter and not a database, and it is long enough to have a header. '.repeat(20));

    await assert.rejects(open(t, { url: `sqlite:${path}` }), { code: 'data_loss', reason: 'DATABASE_CORRUPT' });
  });

  it('says unavailable for a path that is a folder', async (t) => {
    await assert.rejects(open(t, { url: `sqlite:${await folder(t)}` }), {
      code: 'unavailable',
      reason: 'DATABASE_UNREACHABLE',
    });
  });

  it('says unavailable for a folder that cannot be made', async (t) => {
    const path = join(await folder(t), 'file');
    await writeFile(path, '');

    await assert.rejects(open(t, { url: `sqlite:${path}/below/notes.sqlite` }), { reason: 'DATABASE_UNREACHABLE' });
  });
});

describe('limits of SQLite', () => {
  for (const way of ['read', 'write'] as const) {
    it(`gives the caller of a ${way} its error at once, though the thread is busy with the first row of a stream`, async (t) => {
      const sql = await open(t, { url: 'sqlite::memory:' });
      using brief = ctx.withTimeout(50);
      const slow = raw<{ n: number }>`with recursive c(n) as (select 1 union all select n + 1 from c where n < 2000000)
        select count(*) as n from c`;
      let isOver = false;

      const streaming = sql[way](brief, async (db) => {
        const query = (db as Kysely<Tables>).selectNoFrom(raw<number>`(${slow})`.as('n'));
        for await (const _ of query.stream(1));
      });
      const whole = sql[way](ctx, async (db) => {
        await slow.execute(db as Kysely<Tables>);
        isOver = true;
      });

      await assert.rejects(streaming, { code: 'deadline_exceeded' });
      assert.equal(isOver, false);
      await whole;
    });
  }

  it('says resource_exhausted when the database cannot grow, and undoes the write', async (t) => {
    const sql = await open(t, { url: 'sqlite::memory:' });

    const failed = sql.write(ctx, async (tx) => {
      await raw`pragma max_page_count = 5`.execute(tx);
      await tx
        .insertInto('note')
        .values({ id: 1, text: 'x'.repeat(100_000) })
        .execute();
    });

    await assert.rejects(failed, { code: 'resource_exhausted', reason: 'DISK_FULL' });
    assert.deepEqual(await notes(sql), []);
  });

  it('refuses what exceeds the queue, and serves what waits', async (t) => {
    const sql = await open(t, { url: 'sqlite::memory:', maxQueued: 2 });
    const hold = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = sql.write(ctx, async () => {
      begun.resolve();
      await hold.promise;
    });
    await begun.promise;
    const waiting = [1, 2].map((id) =>
      sql.write(ctx, (tx) =>
        tx
          .insertInto('note')
          .values({ id, text: `${id}` })
          .execute(),
      ),
    );

    const refused = sql.write(ctx, async () => {});
    await assert.rejects(refused, { code: 'resource_exhausted', reason: 'SQL_QUEUE_FULL', metadata: { limit: '2' } });
    hold.resolve();

    await Promise.all([first, ...waiting]);
    assert.deepEqual(await notes(sql), ['1', '2']);
  });

  it('says unavailable when another connection holds the lock for too long', async (t) => {
    const url = `sqlite:${join(await folder(t), 'notes.sqlite')}`;
    const [one, two] = [await open(t, { url }), await open(t, { url, busyTimeoutMs: 30 })];
    const hold = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = one.write(ctx, async () => {
      begun.resolve();
      await hold.promise;
    });
    await begun.promise;

    const refused = two.write(ctx, async () => {});
    await assert.rejects(refused, { code: 'unavailable', reason: 'SQL_BUSY' });
    hold.resolve();

    await first;
    await two.write(ctx, async () => {});
  });

  it('stops to wait for another connection when its context ends', async (t) => {
    const url = `sqlite:${join(await folder(t), 'notes.sqlite')}`;
    const [one, two] = [await open(t, { url }), await open(t, { url })];
    const begun = Promise.withResolvers<void>();
    const hold = Promise.withResolvers<void>();
    const first = one.write(ctx, async () => {
      begun.resolve();
      await hold.promise;
    });
    await begun.promise;
    using short = ctx.withTimeout(40);

    await assert.rejects(
      two.write(short, async () => {}),
      { code: 'deadline_exceeded' },
    );
    hold.resolve();

    await first;
    await two.write(ctx, (tx) => tx.insertInto('note').values({ id: 1, text: 'free' }).execute());
  });

  it('replaces readers that are stuck in a query, up to twice their number', async (t) => {
    const sql = await open(t, { url: 'sqlite::memory:', readers: 1 });
    const endless = raw<{
      c: number;
    }>`(with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000000) select count(*) as c from n)`;
    using short = ctx.withTimeout(20);

    await assert.rejects(
      sql.read(short, (db) => db.selectFrom(endless.as('n')).selectAll().execute()),
      { code: 'deadline_exceeded' },
    );

    using soon = ctx.withTimeout(1_000);
    assert.deepEqual(await sql.read(soon, (db) => db.selectFrom('note').selectAll().execute()), []);
  });

  it('lets the running write end when it is closed', async (t) => {
    const url = `sqlite:${join(await folder(t), 'notes.sqlite')}`;
    const sql = await open(t, { url });
    const begun = Promise.withResolvers<void>();
    const hold = Promise.withResolvers<void>();
    const writing = sql.write(ctx, async (tx) => {
      begun.resolve();
      await hold.promise;
      await tx.insertInto('note').values({ id: 1, text: 'last' }).execute();
    });
    await begun.promise;

    const closing = sql.close();
    hold.resolve();
    await Promise.all([writing, closing]);

    assert.deepEqual(await notes(await open(t, { url })), ['last']);
  });
});

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'flotilla-test-'));
  cleanup(t, () => rm(path, { recursive: true, force: true }));
  return path;
}

async function open(t: TestContext, options: SqlOptions): Promise<Sql<Tables>> {
  const sql = await openSql<Tables>({ migrations, ...options });
  cleanup(t, () => sql.close());
  return sql;
}

async function notes(sql: Sql<Tables>): Promise<string[]> {
  const rows = await sql.read(ctx, (db) => db.selectFrom('note').select('text').orderBy('id').execute());
  return rows.map((row) => row.text);
}

async function pragma(tx: Parameters<Parameters<Sql<Tables>['write']>[1]>[0], name: string): Promise<unknown> {
  const { rows } = await raw<Record<string, unknown>>`pragma ${raw.raw(name)}`.execute(tx);
  return Object.values(rows[0] ?? {})[0];
}

async function file(sql: Sql<Tables>): Promise<string> {
  const { rows } = await sql.write(ctx, (tx) => raw<{ file: string }>`pragma database_list`.execute(tx));
  return rows[0]?.file ?? '';
}
