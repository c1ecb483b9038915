import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openMysql } from 'flotilla/adapters/mysql';
import { background } from 'flotilla/concurrency';
import type { MigrationOptions } from 'flotilla/data/sql';
import { cleanup } from 'flotilla/testing';
import { sql as raw } from 'kysely';
import { createPool } from 'mysql2';
import { createPool as createPromisePool } from 'mysql2/promise';
import { migrationsContract } from '../../src/data/sql/migrations.contract.ts';
import { sqlContract } from '../../src/data/sql/sql.contract.ts';
import type { SqlSubject } from '../../src/data/sql/subject.contract.ts';
import { mariadb, temporaryDatabase } from './mariadb.ts';

const ctx = background();

const subject: SqlSubject = {
  name: 'MariaDB',
  slowQuery: 'select sleep(3) as c',
  async create(t) {
    const pool = await temporaryDatabase(t);
    return {
      async open<DB>(options: MigrationOptions = {}) {
        const sql = await openMysql<DB>(pool, { maxRows: 50, ...options });
        cleanup(t, () => sql.close());
        return sql;
      },
    };
  },
};

describe('MariaDB', { skip: mariadb.skip }, () => {
  sqlContract(subject);
  migrationsContract(subject);

  describe('openMysql', () => {
    it('takes a pool of mysql2/promise too', async (t) => {
      const pool = createPromisePool({ uri: mariadb.url });
      cleanup(t, () => pool.end());

      const sql = await openMysql(pool, {});

      await sql.ping(ctx);
    });

    it('leaves the pool open', async (t) => {
      const pool = await temporaryDatabase(t);
      const sql = await openMysql(pool, {});

      await sql.close();

      await pool.promise().query('select 1');
    });

    it('refuses a database that ignores case, unless that is allowed', async (t) => {
      const pool = await temporaryDatabase(t, { collation: 'utf8mb4_general_ci' });

      await assert.rejects(openMysql(pool, {}), {
        reason: 'COLLATION_UNSUITABLE',
        message: /alter database flotilla_test_/,
      });
      await openMysql(pool, { anyCollation: true });
    });

    it('says unavailable for a server that does not answer, without the password', async (t) => {
      const pool = createPool({ uri: 'mysql://someone:secret@127.0.0.1:1/none' });
      cleanup(t, () => pool.promise().end());

      await assert.rejects(openMysql(pool, {}), (error: Error & { reason?: string }) => {
        assert.equal(error.reason, 'DATABASE_UNREACHABLE');
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    });

    it('refuses to go on after a migration that was interrupted', async (t) => {
      const pool = await temporaryDatabase(t);
      const half = { name: '001-half', sql: ['create table half (id integer)', 'create nonsense'] };
      await assert.rejects(openMysql(pool, { migrations: [half] }), { reason: 'SQL_FAILED' });

      await assert.rejects(openMysql(pool, { migrations: [half] }), { reason: 'MIGRATION_UNFINISHED' });
    });
  });

  describe('transactions', () => {
    it('repeats a write that the server broke a deadlock with', async (t) => {
      const sql = await openMysql<{ pair: { id: number; value: number } }>(await temporaryDatabase(t), {
        migrations: [
          {
            name: '001',
            sql: ['create table pair (id integer primary key, value bigint)', 'insert into pair values (1, 0), (2, 0)'],
          },
        ],
      });
      const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      let runs = 0;
      const cross = (mine: 0 | 1) =>
        sql.write(ctx, async (tx) => {
          runs++;
          const bump = (id: number) =>
            tx
              .updateTable('pair')
              .set((eb) => ({ value: eb('value', '+', 1) }))
              .where('id', '=', id)
              .execute();
          await bump(1 + mine);
          both[mine].resolve();
          await both[1 - mine]?.promise;
          await bump(2 - mine);
        });

      await Promise.all([cross(0), cross(1)]);

      const rows = await sql.read(ctx, (db) => db.selectFrom('pair').select('value').execute());
      assert.deepEqual(rows, [{ value: 2 }, { value: 2 }]);
      assert.ok(runs > 2, `the deadlock did not come about in ${runs} runs`);
    });

    it('ends a stream that waits for its next row as soon as its context ends', async (t) => {
      const sql = await openMysql(await temporaryDatabase(t), {});
      using brief = ctx.withTimeout(100);
      const started = performance.now();

      const reading = sql.read(brief, async (db) => {
        const slow = db.selectNoFrom(raw<number>`sleep(20)`.as('slept'));
        for await (const _ of slow.stream(1));
      });

      await assert.rejects(reading, { code: 'deadline_exceeded' });
      assert.ok(performance.now() - started < 5_000);
    });

    it('sums whole numbers to a number', async (t) => {
      const sql = await openMysql(await temporaryDatabase(t), {});

      const { rows } = await sql.write(ctx, (tx) =>
        raw<{ s: unknown }>`select sum(n) as s from (select 1 as n union select 2) as numbers`.execute(tx),
      );

      assert.deepEqual(rows, [{ s: 3 }]);
    });
  });
});
