import { join } from 'node:path';
import { app, type Main, run } from 'flotilla/app';
import { background } from 'flotilla/concurrency';
import { openSql } from 'flotilla/data/sql';
import { createRpcClient, createRpcServer } from 'flotilla/rpc';
import { AccountService } from '../gen/live/account/v1/account_pb.ts';
import { AccountNames } from '../names.ts';
import { Rooms } from './domain.ts';
import { PollingFeed } from './feed.ts';
import { roomService } from './service.ts';
import { type RoomTables, roomMigrations, SqlRoomStore } from './store.ts';

const version = '1.0.0';

export const main: Main = async (host) => {
  const local = host.local();
  const network = { resolver: host.resolver(), ...(local && { local }) };
  const { log } = host.telemetry({ service: 'room', version });
  const sql = await openSql<RoomTables>({
    url: `sqlite:${join(host.dataDir(), 'room.sqlite')}`,
    migrations: roomMigrations,
  });
  const store = new SqlRoomStore(sql);
  const accounts = createRpcClient(AccountService, { target: 'account', ...network });
  const feed = new PollingFeed({
    source: store,
    onError: (error) => log.warn(background(), 'the events of rooms could not be read', { error }),
  });
  const rooms = new Rooms({ store, names: new AccountNames(accounts), feed, now: Date.now });
  const server = createRpcServer({
    name: 'room',
    listener: host.listener('rpc', { port: 0 }),
    services: [roomService(rooms)],
    ...(local && { local }),
  });
  return app({
    name: 'room',
    version,
    host,
    servers: [server],
    checks: { sql: (ctx) => sql.ping(ctx) },
    closers: [() => sql.close(), () => accounts[Symbol.dispose](), () => feed.close()],
  });
};

if (import.meta.main) await run(main);
