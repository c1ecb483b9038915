import { join } from 'node:path';
import { app, type Main, run } from 'flotilla/app';
import { openSql } from 'flotilla/data/sql';
import { createRpcServer } from 'flotilla/rpc';
import { Ranking } from './domain.ts';
import { rankService } from './service.ts';
import { type RankTables, rankMigrations, SqlRankStore } from './store.ts';

export const main: Main = async (host) => {
  const local = host.local();
  const sql = await openSql<RankTables>({
    url: `sqlite:${join(host.dataDir(), 'rank.sqlite')}`,
    migrations: rankMigrations,
  });
  const server = createRpcServer({
    name: 'rank',
    listener: host.listener('rpc', { port: 0 }),
    services: [rankService(new Ranking(new SqlRankStore(sql)))],
    ...(local && { local }),
  });
  return app({
    name: 'rank',
    version: '1.0.0',
    host,
    servers: [server],
    checks: { sql: (ctx) => sql.ping(ctx) },
    closers: [() => sql.close()],
  });
};

if (import.meta.main) await run(main);
