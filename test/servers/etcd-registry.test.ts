import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type EtcdRegistryOptions, etcdRegistry } from '../../src/adapters/etcd/index.ts';
import { background, type CancelContext } from '../../src/concurrency/index.ts';
import type { Registry, Snapshot } from '../../src/discovery/index.ts';
import { first, idsOf, instanceOf, registryContract } from '../../src/discovery/registry.contract.ts';
import { etcd, OwnEtcd, ownEtcdSkip } from './etcd.ts';

const quick = { backoff: { firstMs: 5, maxMs: 50 } };

if (etcd.skip === false) {
  registryContract('etcd, a real one', async () => {
    const options = { endpoints: [etcd.url], prefix: `/test/${crypto.randomUUID()}`, ...quick };
    const registry = etcdRegistry(options);
    const other = etcdRegistry(options);
    return {
      registry,
      other,
      async close() {
        await Promise.all([registry.close(), other.close()]);
      },
    };
  });
} else it('the registry contract on a real etcd', { skip: etcd.skip }, () => {});

/** Reads until the list is the one that is waited for; the lists on the way. */
async function until(reader: AsyncIterator<Snapshot>, ids: readonly string[]): Promise<readonly (readonly string[])[]> {
  const seen: string[][] = [];
  while (seen.at(-1)?.join() !== ids.join()) {
    const { done, value } = await reader.next();
    assert.notEqual(done, true, 'the watch has ended');
    seen.push(idsOf(value));
  }
  return seen;
}

describe('a registry in an etcd that fails', { skip: ownEtcdSkip }, () => {
  let member: OwnEtcd;
  let ctx: CancelContext;
  let registry: Registry;
  let watcher: Registry;
  let reader: AsyncIterator<Snapshot>;
  const open = (options: Partial<EtcdRegistryOptions> = {}) =>
    etcdRegistry({ endpoints: [member.url], ttlMs: 2_000, ...quick, ...options });
  beforeEach(async () => {
    member = await OwnEtcd.start();
    ctx = background().withTimeout(90_000);
    registry = open();
    watcher = open();
    reader = watcher.watch(ctx, 'room')[Symbol.asyncIterator]();
  });
  afterEach(async () => {
    member.goOn();
    ctx.cancel();
    await Promise.all([registry.close(), watcher.close()]);
    await member[Symbol.asyncDispose]();
  });

  it('keeps the list while etcd is killed, and goes on when it is back with its data', async () => {
    await registry.register(ctx, instanceOf('room-1'));
    await until(reader, ['room-1']);

    await member.kill();
    await member.start('same');
    await registry.register(ctx, instanceOf('room-2'));

    assert.deepEqual(await until(reader, ['room-1', 'room-2']), [['room-1', 'room-2']]);
  });

  it('registers again in an etcd that came back empty, and no watcher sees an empty list', async () => {
    for (const id of ['room-1', 'room-2', 'room-3']) await registry.register(ctx, instanceOf(id));
    await until(reader, ['room-1', 'room-2', 'room-3']);

    await member.kill();
    await member.start('empty');
    const all = ['room-1', 'room-2', 'room-3'];
    for await (const snapshot of open().watch(ctx, 'room')) if (idsOf(snapshot).join() === all.join()) break;
    await registry.register(ctx, instanceOf('room-4'));

    assert.deepEqual(await until(reader, [...all, 'room-4']), [[...all, 'room-4']]);
  });

  it('keeps the list while etcd is paused beyond all leases, and after it', async () => {
    for (const id of ['room-1', 'room-2', 'room-3']) await registry.register(ctx, instanceOf(id));
    await until(reader, ['room-1', 'room-2', 'room-3']);

    member.pause();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    member.goOn();
    await registry.register(ctx, instanceOf('room-4'));

    const seen = await until(reader, ['room-1', 'room-2', 'room-3', 'room-4']);
    assert.ok(
      seen.every((ids) => ['room-1', 'room-2', 'room-3'].every((id) => ids.includes(id))),
      JSON.stringify(seen),
    );
  });

  it('lets a process that was killed go with its lease', async () => {
    await registry.register(ctx, instanceOf('room-2'));
    const program = fileURLToPath(new URL('./etcd-member.ts', import.meta.url));
    const child = spawn(process.execPath, [program, member.url, 'room-1'], { stdio: ['ignore', 'inherit', 'inherit'] });
    await until(reader, ['room-1', 'room-2']);

    child.kill('SIGKILL');
    await once(child, 'exit');

    assert.deepEqual(await until(reader, ['room-2']), [['room-2']]);
  });

  it('asks another endpoint when one is away', async () => {
    const both = etcdRegistry({ endpoints: ['http://127.0.0.1:1', member.url], random: () => 0, ...quick });

    await both.register(ctx, instanceOf('room-1'));

    assert.deepEqual(idsOf(await first(both.watch(ctx, 'room'))), ['room-1']);
    await both.close();
  });

  it('lists anew what was compacted away while the watch was cut', async () => {
    await registry.register(ctx, instanceOf('room-1'));
    await until(reader, ['room-1']);
    await member.kill();
    await member.start('same');
    const second = open();
    await second.register(ctx, instanceOf('room-2'));
    const { header } = await post(member.url, 'kv/range', { key: 'AA==' });
    await post(member.url, 'kv/compaction', { revision: header.revision, physical: true });

    await second.register(ctx, instanceOf('room-3'));

    await until(reader, ['room-1', 'room-2', 'room-3']);
    await second.close();
  });

  it('signs in, and again when its token is not known any more', async () => {
    await post(member.url, 'auth/user/add', { name: 'root', password: 'secret' });
    await post(member.url, 'auth/role/add', { name: 'root' });
    await post(member.url, 'auth/user/grant', { user: 'root', role: 'root' });
    await post(member.url, 'auth/enable', {});
    const signedIn = open({ auth: { username: 'root', password: 'secret' } });
    const stranger = open({ auth: { username: 'root', password: 'wrong' } });

    await signedIn.register(ctx, instanceOf('room-1'));
    await assert.rejects(stranger.register(ctx, instanceOf('room-2')), { code: 'permission_denied' });
    // Simple tokens are kept in memory: after a restart none is known.
    await member.kill();
    await member.start('same');
    await signedIn.register(ctx, instanceOf('room-3'));

    assert.deepEqual(idsOf(await first(signedIn.watch(ctx, 'room'))), ['room-1', 'room-3']);
    await Promise.all([signedIn.close(), stranger.close()]);
  });
});

async function post(
  url: string,
  path: string,
  body: object,
): Promise<{ readonly header: { readonly revision: string } }> {
  const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as { readonly header: { readonly revision: string } };
}
