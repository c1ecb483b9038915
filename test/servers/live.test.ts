import { describe, type TestContext } from 'node:test';
import { openMysql } from 'flotilla/adapters/mysql';
import type { Migration } from 'flotilla/data/sql';
import { cleanup } from 'flotilla/testing';
import { accountStoreContract } from '../../examples/live/account/store.contract.ts';
import { giftStoreContract } from '../../examples/live/gift/store.contract.ts';
import { rankStoreContract } from '../../examples/live/rank/store.contract.ts';
import { roomStoreContract } from '../../examples/live/room/store.contract.ts';
import type { OpenDatabase } from '../../examples/live/testing.ts';
import { mariadb, temporaryDatabase } from './mariadb.ts';

const openMariadb: OpenDatabase = async <DB>(t: TestContext, migrations: readonly Migration[]) => {
  const sql = await openMysql<DB>(await temporaryDatabase(t), { migrations });
  cleanup(t, () => sql.close());
  return sql;
};

describe('the stores of the reference fleet', { skip: mariadb.skip }, () => {
  for (const contract of [accountStoreContract, roomStoreContract, giftStoreContract, rankStoreContract]) {
    contract('MariaDB', openMariadb);
  }
});
