import { join } from 'node:path';
import { app, type Main, run } from 'flotilla/app';
import { openSql } from 'flotilla/data/sql';
import { createRpcClient, createRpcServer } from 'flotilla/rpc';
import { AccountService } from '../gen/live/account/v1/account_pb.ts';
import { RankService } from '../gen/live/rank/v1/rank_pb.ts';
import { RoomService } from '../gen/live/room/v1/room_pb.ts';
import { AccountNames } from '../names.ts';
import { Gifts } from './domain.ts';
import { remoteRanks, remoteRooms, remoteWallets } from './neighbours.ts';
import { GiftRecovery } from './recovery.ts';
import { giftService } from './service.ts';
import { type GiftTables, giftMigrations, SqlGiftStore } from './store.ts';

export const main: Main = async (host) => {
  const local = host.local();
  const network = { resolver: host.resolver(), ...(local && { local }) };
  const sql = await openSql<GiftTables>({
    url: `sqlite:${join(host.dataDir(), 'gift.sqlite')}`,
    migrations: giftMigrations,
  });
  const store = new SqlGiftStore(sql);
  const accounts = createRpcClient(AccountService, { target: 'account', ...network });
  const rooms = createRpcClient(RoomService, { target: 'room', ...network });
  const ranks = createRpcClient(RankService, { target: 'rank', ...network });
  const gifts = new Gifts({
    store,
    wallets: remoteWallets(accounts),
    rooms: remoteRooms(rooms),
    ranks: remoteRanks(ranks),
    names: new AccountNames(accounts),
    now: Date.now,
  });
  const server = createRpcServer({
    name: 'gift',
    listener: host.listener('rpc', { port: 0 }),
    services: [giftService(gifts)],
    ...(local && { local }),
  });
  return app({
    name: 'gift',
    version: '1.0.0',
    host,
    servers: [server, new GiftRecovery({ gifts, store, now: Date.now })],
    checks: { sql: (ctx) => sql.ping(ctx) },
    closers: [
      () => sql.close(),
      () => {
        for (const client of [accounts, rooms, ranks]) client[Symbol.dispose]();
      },
    ],
  });
};

if (import.meta.main) await run(main);
