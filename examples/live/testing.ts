/** What the tests of the services share. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DescService } from '@bufbuild/protobuf';
import { type App, createHost, type Main } from 'flotilla/app';
import { withFields } from 'flotilla/call';
import { background, type Context } from 'flotilla/concurrency';
import { type Migration, openSql, type Sql } from 'flotilla/data/sql';
import { createResolver, memoryRegistry, type Resolver, staticResolver } from 'flotilla/discovery';
import { tcpListener } from 'flotilla/net/tcp';
import { createRpcClient, createRpcServer, type Implementation, type RpcClient } from 'flotilla/rpc';
import { cleanup } from 'flotilla/testing';

/** Opens a database of its own for one test, with these migrations. */
export type OpenDatabase = <DB>(t: TestContext, migrations: readonly Migration[]) => Promise<Sql<DB>>;

export const openSqlite: OpenDatabase = async <DB>(t: TestContext, migrations: readonly Migration[]) => {
  const sql = await openSql<DB>({ url: 'sqlite::memory:', migrations });
  cleanup(t, () => sql.close());
  return sql;
};

/** A call of this account, as the gateway would have it arrive. */
export function callOf(principal: string, tenant = 'acme'): Context {
  return withFields(background(), { principal, tenant });
}

/** Serves on a socket of its own and answers a client of it. */
export async function serve<S extends DescService>(
  t: TestContext,
  service: S,
  implementation: Implementation,
): Promise<RpcClient<S>> {
  const server = createRpcServer({ name: 'test', listener: tcpListener({ port: 0 }), services: [implementation] });
  const [endpoint] = await server.start(background());
  const client = createRpcClient(service, {
    target: 'test',
    resolver: staticResolver({ test: [endpoint?.url ?? ''] }),
  });
  cleanup(t, async () => {
    client[Symbol.dispose]();
    await server.stop(background().withTimeout(1_000));
  });
  return client;
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-live-'));
  cleanup(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts services of the fleet in this process, which find each other and talk over sockets. Answers their resolver. */
export async function startServices(t: TestContext, services: Readonly<Record<string, Main>>): Promise<Resolver> {
  const dataDir = await temporaryFolder(t);
  const registry = memoryRegistry();
  const resolver = createResolver(registry);
  const started: App[] = [];
  cleanup(t, async () => {
    for (const app of started.reverse()) await app.stop(background().withTimeout(10_000));
    await resolver.close();
    await registry.close();
  });
  for (const [instance, main] of Object.entries(services)) {
    const env = { FLOTILLA_DATA_DIR: dataDir, FLOTILLA_TELEMETRY: 'off', LIVE_PASSWORD_COST: '10' };
    const app = await main(createHost({ instance, env, registry, resolver }));
    started.push(app);
    await app.start(background().withTimeout(60_000));
  }
  return resolver;
}
