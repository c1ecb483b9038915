import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cleanup } from '../../../testing/cleanup.ts';
import type { MigrationOptions, Sql } from '../index.ts';
import { openSql } from '../index.ts';
import { migrationsContract } from '../migrations.contract.ts';
import { sqlContract } from '../sql.contract.ts';
import type { SqlSubject } from '../subject.contract.ts';

const sqlite: SqlSubject = {
  name: 'SQLite',
  // A count gives no row until its end, so SQLite cannot be stopped within it: the worst case.
  slowQuery:
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < 8000000) select count(*) as c from n',
  async create(t: TestContext) {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-test-'));
    cleanup(t, () => rm(folder, { recursive: true, force: true }));
    return {
      async open<DB>(options: MigrationOptions = {}): Promise<Sql<DB>> {
        const sql = await openSql<DB>({ url: `sqlite:${join(folder, 'test.sqlite')}`, maxRows: 50, ...options });
        cleanup(t, () => sql.close());
        return sql;
      },
    };
  },
};

sqlContract(sqlite);
migrationsContract(sqlite);
