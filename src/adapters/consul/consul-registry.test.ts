import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../../concurrency/index.ts';
import type { Registry, Snapshot } from '../../discovery/index.ts';
import { first, idsOf, instanceOf, registryContract } from '../../discovery/registry.contract.ts';
import { registryFaults } from '../../discovery/registry-faults.contract.ts';
import { type ConsulRegistryOptions, consulRegistry } from './index.ts';
import { FakeConsul } from './testdata/fake-consul.ts';

const quick = { backoff: { firstMs: 5, maxMs: 20 } };

registryContract('consul', async () => {
  const consul = await new FakeConsul().start();
  const options = { url: consul.server.url, graceMs: 600_000, ...quick };
  const [registry, other] = [consulRegistry(options), consulRegistry(options)];
  return {
    registry,
    other,
    async close() {
      await Promise.all([registry.close(), other.close()]);
      await consul.stop();
    },
  };
});

registryFaults('consul', async () => {
  const consul = await new FakeConsul().start();
  const registry = consulRegistry({ url: consul.server.url, waitMs: 500, ...quick });
  return {
    registry,
    server: consul.server,
    async close() {
      await registry.close();
      await consul.stop();
    },
  };
});

describe('a registry in consul', () => {
  let consul: FakeConsul;
  let ctx: CancelContext;
  let registry: Registry;
  const open = (options: Partial<ConsulRegistryOptions> = {}) =>
    consulRegistry({ url: consul.server.url, ttlMs: 1_000, ...quick, ...options });
  beforeEach(async () => {
    consul = await new FakeConsul().start();
    ctx = background().withTimeout(60_000);
    registry = open();
  });
  afterEach(async () => {
    ctx.cancel();
    await registry.close();
    await consul.stop();
  });

  it('registers again what the agent has forgotten, and watchers follow an index that fell', async () => {
    for (const id of ['room-1', 'room-2']) await registry.register(ctx, instanceOf(id));
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();
    while (consul.waiting === 0) await consul.server.called(1);

    consul.forget();
    const next = reader.next();
    await consul.server.called(12);
    await registry.register(ctx, instanceOf('room-3'));

    assert.deepEqual(idsOf((await next).value as Snapshot), ['room-1', 'room-2', 'room-3']);
  });

  it('finds an index that fell while nobody asked, when its wait is over', async () => {
    const watcher = open({ waitMs: 200 });
    await registry.register(ctx, instanceOf('room-1'));
    const reader = watcher.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();

    consul.forget({ isSilent: true });
    await registry.register(ctx, instanceOf('room-2'));

    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['room-1', 'room-2']);
    await watcher.close();
  });

  it('is listed again at once under the id of one that consul calls critical', async () => {
    const [lost, back] = [open({ ttlMs: 600_000 }), open({ ttlMs: 600_000 })];
    await lost.register(ctx, instanceOf('room-1'));
    await registry.register(ctx, instanceOf('room-2'));
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();
    consul.expire('room:room-1');
    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['room-2']);

    await back.register(ctx, instanceOf('room-1'));

    assert.equal(consul.stateOf('room:room-1'), 'passing');
    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['room-1', 'room-2']);
    await Promise.all([lost.close(), back.close()]);
  });

  it('tells those who watch all services of one that is registered again elsewhere', async () => {
    await registry.register(ctx, instanceOf('room-1'));
    const reader = registry.watchAll(ctx)[Symbol.asyncIterator]();
    await reader.next();

    const later = open();
    await later.register(ctx, instanceOf('room-1', { endpoints: { rpc: 'http://127.0.0.1:2' } }));

    const { value } = await reader.next();
    assert.equal((value as Snapshot[])[0]?.instances[0]?.endpoints.rpc, 'http://127.0.0.1:2');
    await later.close();
  });

  it('is listed again after consul took it out, critical for a minute', async () => {
    await registry.register(ctx, instanceOf('room-1'));
    consul.server.fail('error');
    consul.expire('room:room-1');
    while (consul.stateOf('room:room-1') !== 'critical') await new Promise(setImmediate);
    consul.reap(59_000);
    assert.equal(consul.stateOf('room:room-1'), 'critical');
    consul.reap(60_000);
    assert.equal(consul.stateOf('room:room-1'), undefined);

    consul.server.fail(undefined);

    while (consul.stateOf('room:room-1') !== 'passing') await consul.server.called(1);
  });

  it('does not list an instance whose check is critical, while others stay', async () => {
    await registry.register(ctx, instanceOf('room-1'));
    consul.register({
      ID: 'lost',
      Name: 'room',
      Address: '10.0.0.9',
      Port: 80,
      Check: { TTL: '60s', Status: 'passing' },
    });
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['lost', 'room-1']);

    consul.expire('lost');

    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['room-1']);
  });

  it('gives services that others registered by their address', async () => {
    const Meta = { version: '7', lane: 'blue' };
    consul.register({ ID: 'room/1', Name: 'room', Address: '10.0.0.9', Port: 8080, Meta });

    const { instances } = await first(registry.watch(ctx, 'room'));

    const url = 'http://10.0.0.9:8080';
    const expected = { version: '7', lane: 'blue', endpoints: { rpc: url, http: url } };
    assert.deepEqual(instances, [instanceOf('room-1', expected)]);
  });

  const foreign: [what: string, service: object, id: string][] = [
    ['registered by Nomad', { ID: '_nomad-task-5b2b-group-web-web-http' }, 'n_nomad-task-5b2b-group-web-web-http'],
    ['with a long id', { ID: `${'w'.repeat(140)}-1` }, `${'w'.repeat(118)}-1`],
    ['with a great weight', { ID: 'web-1', Weights: { Passing: 65_535, Warning: 1 } }, 'web-1'],
  ];
  for (const [what, service, id] of foreign) {
    it(`lists a service ${what}`, async () => {
      consul.register({ Name: 'web', Address: '10.0.0.1', Port: 8080, Meta: {}, ...service });

      const { instances } = await first(registry.watch(ctx, 'web'));

      assert.deepEqual(idsOf({ instances }), [id]);
      assert.ok(instances[0]!.weight <= 1_000);
    });
  }

  it('is critical for others when it has left, and is taken out after a while', async () => {
    const leaving = open({ farewellMs: 500 });
    const registration = await leaving.register(ctx, instanceOf('room-1'));

    await registration.close(ctx);

    assert.equal(consul.stateOf('room:room-1'), 'critical, left');
    while (consul.stateOf('room:room-1') !== undefined) await consul.server.called(1);
    await leaving.close();
  });

  it('takes out who has left before it is closed', async () => {
    const leaving = open({ farewellMs: 60_000 });
    const registration = await leaving.register(ctx, instanceOf('room-1'));
    await registration.close(ctx);
    await leaving.register(ctx, instanceOf('room-2'));

    await leaving.close();

    assert.equal(consul.stateOf('room:room-1'), undefined);
    assert.equal(consul.stateOf('room:room-2'), undefined);
  });

  it('does not take out who registers in the place of one that says good-bye', async () => {
    const leaving = open();
    const earlier = await leaving.register(ctx, instanceOf('room-1'));
    const moved = instanceOf('room-1', { endpoints: { rpc: 'http://127.0.0.1:2' } });
    const later = open();
    await earlier.close(ctx);

    await later.register(ctx, moved);
    await leaving.close();

    assert.deepEqual((await first(later.watch(ctx, 'room'))).instances, [moved]);
    await later.close();
  });

  it('refuses to register with a token that may not, and waits where it may not read', async () => {
    consul.token = 'secret';
    const allowed = open({ token: 'secret' });

    await assert.rejects(registry.register(ctx, instanceOf('room-1')), { code: 'permission_denied' });
    await allowed.register(ctx, instanceOf('room-1'));

    assert.deepEqual(idsOf(await first(allowed.watch(ctx, 'room'))), ['room-1']);
    await allowed.close();
  });

  it('leaves the place to a process that registered the same id later', async () => {
    const earlier = await registry.register(ctx, instanceOf('room-1'));
    const later = open();
    const moved = instanceOf('room-1', { endpoints: { rpc: 'http://127.0.0.1:2' } });
    await later.register(ctx, moved);
    await consul.server.called(16);

    await earlier.close(ctx);

    assert.deepEqual((await first(registry.watch(ctx, 'room'))).instances, [moved]);
    await later.close();
  });

  it('refuses an instance that is too large for the metadata of a service', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`m${n}`, '界'.repeat(512)]));

    await assert.rejects(registry.register(ctx, instanceOf('room-1', { metadata })), { reason: 'INVALID_INSTANCE' });
  });

  it('refuses options that make no sense', () => {
    assert.throws(() => consulRegistry({ url: 'consul' }), TypeError);
    assert.throws(() => open({ ttlMs: 1 }), RangeError);
    assert.throws(() => open({ waitMs: 700_000 }), RangeError);
    assert.throws(() => open({ farewellMs: -1 }), RangeError);
  });
});
