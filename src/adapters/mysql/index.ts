/**
 * # flotilla/adapters/mysql
 *
 * `flotilla/data/sql` on MySQL and MariaDB, over a mysql2 pool that you made.
 *
 *     import { createPool } from 'mysql2';
 *     const sql = await openMysql<Tables>(createPool({ uri: config.databaseUrl }), { migrations });
 *
 * Rules: the same stores and migrations run on SQLite and here, so keep to SQL that both speak: `varchar(n)` for what is a
 * key, `bigint` for whole numbers and times, no `update … returning`. Schema changes are not transactional here: one that
 * is interrupted is found at the next start (`MIGRATION_UNFINISHED`). mysql2 is a peer dependency.
 */
export { type MysqlOptions, openMysql } from './open-mysql.ts';
