import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../../concurrency/index.ts';
import type { Registry, Snapshot } from '../../discovery/index.ts';
import { first, idsOf, instanceOf, registryContract } from '../../discovery/registry.contract.ts';
import { registryFaults } from '../../discovery/registry-faults.contract.ts';
import { type EtcdRegistryOptions, etcdRegistry } from './index.ts';
import { FakeEtcd } from './testdata/fake-etcd.ts';

const quick = { backoff: { firstMs: 5, maxMs: 20 } };

registryContract('etcd', async () => {
  const etcd = await new FakeEtcd().start();
  const options = { endpoints: [etcd.server.url], graceMs: 600_000, ...quick };
  const [registry, other] = [etcdRegistry(options), etcdRegistry(options)];
  return {
    registry,
    other,
    async close() {
      await Promise.all([registry.close(), other.close()]);
      await etcd.stop();
    },
  };
});

registryFaults('etcd', async () => {
  const etcd = await new FakeEtcd().start();
  const registry = etcdRegistry({ endpoints: [etcd.server.url], ...quick });
  return {
    registry,
    server: etcd.server,
    async close() {
      await registry.close();
      await etcd.stop();
    },
  };
});

describe('a registry in etcd', () => {
  let etcd: FakeEtcd;
  let ctx: CancelContext;
  let registry: Registry;
  let reader: AsyncIterator<Snapshot>;
  const open = (options: Partial<EtcdRegistryOptions> = {}) =>
    etcdRegistry({ endpoints: [etcd.server.url], ...quick, ...options });
  const next = async () => idsOf((await reader.next()).value as Snapshot);
  const untilKnown = async (...ids: string[]) => {
    const fresh = open();
    for await (const snapshot of fresh.watch(ctx, 'room')) if (idsOf(snapshot).join() === ids.join()) break;
    await fresh.close();
  };
  beforeEach(async () => {
    etcd = await new FakeEtcd().start();
    etcd.ttlMs = 200;
    ctx = background().withTimeout(60_000);
    registry = open();
    for (const id of ['room-1', 'room-2', 'room-3']) await registry.register(ctx, instanceOf(id));
    reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    assert.deepEqual(await next(), ['room-1', 'room-2', 'room-3']);
  });
  afterEach(async () => {
    ctx.cancel();
    await registry.close();
    await etcd.stop();
  });

  for (const loss of ['forget', 'expireAll'] as const) {
    it(`registers again what etcd has lost (${loss}), and watchers keep their list meanwhile`, async () => {
      etcd[loss]();
      await untilKnown('room-1', 'room-2', 'room-3');
      await registry.register(ctx, instanceOf('room-4'));

      assert.deepEqual(await next(), ['room-1', 'room-2', 'room-3', 'room-4']);
    });
  }

  it('puts back a key that somebody deleted while its lease lives', async () => {
    etcd.deleteKey('/flotilla/registry/room/room-2');

    await untilKnown('room-1', 'room-3');
    await untilKnown('room-1', 'room-2', 'room-3');
  });

  it('lists anew when what a watch waits for was compacted away', async () => {
    etcd.cancelWatches();
    await registry.register(ctx, instanceOf('room-4'));

    assert.deepEqual(await next(), ['room-1', 'room-2', 'room-3', 'room-4']);
  });

  it('makes a watch anew that has been silent for long', async () => {
    const silent = open({ refreshMs: 10 });
    const lists = silent.watch(ctx, 'room')[Symbol.asyncIterator]();
    await lists.next();

    while (etcd.server.calls.filter((call) => call === 'POST /v3/watch').length < 4) await etcd.server.called(1);

    await silent.close();
    assert.equal((await lists.next()).done, true, 'no list came twice');
  });

  it('lets all go at once that say good-bye', async () => {
    const other = open();
    const leaving = await Promise.all(
      ['rank-1', 'rank-2'].map((id) => other.register(ctx, instanceOf(id, { service: 'rank' }))),
    );
    const ranks = registry.watch(ctx, 'rank')[Symbol.asyncIterator]();
    await ranks.next();

    for (const registration of leaving) await registration.close(ctx);

    let left = ['both'];
    while (left.length > 0) left = idsOf((await ranks.next()).value as Snapshot);
    await other.close();
  });

  it('leaves the place to a process that registered the same id later, and tells it from a loss', async () => {
    const later = open();
    const moved = instanceOf('room-1', { endpoints: { rpc: 'http://127.0.0.1:2' } });
    await later.register(ctx, moved);
    await next();

    // The earlier one sees with its renewals whose key it is.
    const keepAlives = () => etcd.server.calls.filter((call) => call.endsWith('keepalive')).length;
    for (const goal = keepAlives() + 24; keepAlives() < goal; ) await etcd.server.called(1);

    const { instances } = await first(later.watch(ctx, 'room'));
    assert.deepEqual(
      instances.find(({ id }) => id === 'room-1'),
      moved,
    );
    await later.close();
  });

  it('ignores keys below its prefix that are none of ours', async () => {
    for (const [key, value] of Object.entries({ 'room/x': '{}', 'room/y': '{', 'room/a/b': '{}', room: '1' })) {
      const body = { key: base64(`/flotilla/registry/${key}`), value: base64(value) };
      await fetch(`${etcd.server.url}/v3/kv/put`, { method: 'POST', body: JSON.stringify(body) });
    }
    await registry.register(ctx, instanceOf('room-4'));

    assert.deepEqual(await next(), ['room-1', 'room-2', 'room-3', 'room-4']);
  });

  it('refuses options that make no sense', () => {
    assert.throws(() => open({ endpoints: [] }), TypeError);
    assert.throws(() => open({ endpoints: ['etcd:2379'] }), TypeError);
    assert.throws(() => open({ prefix: '/x/' }), TypeError);
    assert.throws(() => open({ ttlMs: 1_000 }), RangeError);
    assert.throws(() => open({ refreshMs: 0 }), RangeError);
    assert.throws(() => open({ graceMs: -1 }), RangeError);
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
