import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background } from '../../concurrency/index.ts';
import type { Migration } from './sql.ts';
import { account, ids, migrations, rejection, type SqlSubject, type Tables } from './subject.contract.ts';

const ctx = background();

/** How every Sql migrates. */
export function migrationsContract(subject: SqlSubject): void {
  describe(`migrations on ${subject.name}`, () => {
    const [first, second] = migrations as [Migration, Migration];

    it('applies each once, in order, and later ones on top', async (t) => {
      const database = await subject.create(t);

      await (await database.open({ migrations: [first] })).close();
      const sql = await database.open<Tables>({ migrations });

      await sql.write(ctx, (tx) => tx.insertInto('account').values(account('a', 1)).execute());
      await sql.write(ctx, (tx) => tx.insertInto('holding').values({ id: 'h', account_id: 'a' }).execute());
    });

    it('applies each once when several open at the same time', async (t) => {
      const database = await subject.create(t);

      const opened = await Promise.all([1, 2, 3].map(() => database.open<Tables>({ migrations })));

      for (const sql of opened) assert.deepEqual(await ids(sql), []);
    });

    const refused: readonly { title: string; list: readonly Migration[]; reason: string }[] = [
      {
        title: 'an old migration that reads differently',
        list: [{ name: first.name, sql: 'create table account (id varchar(32) primary key)' }, second],
        reason: 'MIGRATION_CHANGED',
      },
      { title: 'a list without an old migration', list: [second], reason: 'MIGRATION_MISSING' },
      { title: 'a database that is ahead of the program', list: [first], reason: 'MIGRATION_MISSING' },
      {
        title: 'an old migration after a new one',
        list: [first, { name: '001b', sql: 'select 1' }, second],
        reason: 'MIGRATION_MISSING',
      },
    ];
    for (const { title, list, reason } of refused) {
      it(`refuses ${title}`, async (t) => {
        const database = await subject.create(t);
        await database.open({ migrations });

        await assert.rejects(database.open({ migrations: list }), { reason, code: 'failed_precondition' });
      });
    }

    it('accepts a database that is ahead where that is allowed', async (t) => {
      const database = await subject.create(t);
      await database.open({ migrations });

      const sql = await database.open<Tables>({ migrations: [first], allowNewer: true });

      assert.deepEqual(await ids(sql), []);
    });

    it('accepts an old migration whose text has another layout', async (t) => {
      const database = await subject.create(t);
      await database.open({ migrations: [{ name: '1', sql: 'create table a (id integer)' }] });

      await database.open({ migrations: [{ name: '1', sql: 'create  table a\n  (id integer)' }] });
    });

    it('refuses two migrations of one name', async (t) => {
      const database = await subject.create(t);

      await assert.rejects(database.open({ migrations: [first, first] }), /"001-account" is there twice/);
    });

    it('names the migration that fails', async (t) => {
      const database = await subject.create(t);

      const failure = await rejection(
        database.open({ migrations: [first, { name: '002-wrong', sql: 'create nonsense' }] }),
      );

      assert.match(failure.message, /migration "002-wrong"/);
    });
  });
}
