import { join } from 'node:path';
import { app, type Main, run } from 'flotilla/app';
import { openSql } from 'flotilla/data/sql';
import { createRpcServer } from 'flotilla/rpc';
import { secret } from 'flotilla/service';
import { z } from 'zod';
import { developmentSecret } from '../jwt-secret.ts';
import { Accounts } from './domain.ts';
import { scryptHasher } from './password.ts';
import { accountService } from './service.ts';
import { type AccountTables, accountMigrations, SqlAccountStore } from './store.ts';
import { jwtIssuer } from './token.ts';

const schema = z.object({
  /** What tokens are signed with; the gateway has the same. Default: one in the data directory. */
  jwtSecret: z
    .string()
    .min(32)
    .transform((value) => secret(value))
    .optional(),
  /** log2 of scrypt's N. */
  passwordCost: z.int().min(10).max(20).default(15),
});

export const main: Main = async (host) => {
  const config = await host.config(schema, {
    mapping: { LIVE_JWT_SECRET: 'jwtSecret', LIVE_PASSWORD_COST: 'passwordCost' },
  });
  const jwtSecret = config.jwtSecret?.reveal() ?? (await developmentSecret(host.dataDir()));
  const sql = await openSql<AccountTables>({
    url: `sqlite:${join(host.dataDir(), 'account.sqlite')}`,
    migrations: accountMigrations,
  });
  const accounts = new Accounts({
    store: new SqlAccountStore(sql),
    passwords: scryptHasher({ cost: config.passwordCost }),
    tokens: jwtIssuer({ secret: jwtSecret, now: Date.now }),
    now: Date.now,
  });
  const local = host.local();
  const server = createRpcServer({
    name: 'account',
    listener: host.listener('rpc', { port: 0 }),
    services: [accountService(accounts)],
    ...(local && { local }),
  });
  return app({
    name: 'account',
    version: '1.0.0',
    host,
    servers: [server],
    checks: { sql: (ctx) => sql.ping(ctx) },
    closers: [() => sql.close()],
  });
};

if (import.meta.main) await run(main);
