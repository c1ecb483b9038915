import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { cleanup } from 'flotilla/testing';
import { createPool, type Pool } from 'mysql2';

const variable = 'FLOTILLA_TEST_MARIADB_URL';

/** The URL of the server, or why the tests are skipped. In CI a missing server is a failure, not a skip. */
export const mariadb: { readonly url: string; readonly skip: string | false } = locate();

function locate() {
  const url = process.env[variable] ?? '';
  if (url !== '') return { url, skip: false as const };
  const reason = `${variable} is not set; run: tools/servers.sh start mariadb`;
  if (process.env.CI === 'true') throw new Error(reason);
  return { url, skip: reason };
}

/** A pool on a database of its own, which is dropped at the end of the test. */
export async function temporaryDatabase(t: TestContext, options: { readonly collation?: string } = {}): Promise<Pool> {
  const name = `flotilla_test_${randomBytes(6).toString('hex')}`;
  const admin = createPool({ uri: mariadb.url, connectionLimit: 1 });
  await admin
    .promise()
    .query(`create database ${name} character set utf8mb4 collate ${options.collation ?? 'utf8mb4_bin'}`);
  const url = new URL(mariadb.url);
  url.pathname = `/${name}`;
  const pool = createPool({ uri: url.href, connectionLimit: 8 });
  cleanup(t, async () => {
    await pool.promise().end();
    await admin.promise().query(`drop database ${name}`);
    await admin.promise().end();
  });
  return pool;
}
