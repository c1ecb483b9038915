import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../../concurrency/index.ts';
import type { Registry, Snapshot } from '../../discovery/index.ts';
import { first, idsOf, instanceOf, registryContract } from '../../discovery/registry.contract.ts';
import { registryFaults } from '../../discovery/registry-faults.contract.ts';
import { type NacosRegistryOptions, nacosRegistry } from './index.ts';
import { FakeNacos } from './testdata/fake-nacos.ts';

const quick = { backoff: { firstMs: 5, maxMs: 20 }, pollMs: 10 };
/** Nacos knows an instance by its address: those of one test have the same, so each gets a port of its own. */
const at = (id: string, port: number) => instanceOf(id, { endpoints: { rpc: `http://127.0.0.1:${port}` } });

registryContract('nacos', async () => {
  const nacos = await new FakeNacos().start();
  const options = { urls: [nacos.server.url], graceMs: 600_000, ...quick };
  const [registry, other] = [nacosRegistry(options), nacosRegistry(options)];
  return {
    registry,
    other,
    async close() {
      await Promise.all([registry.close(), other.close()]);
      await nacos.stop();
    },
  };
});

registryFaults('nacos', async () => {
  const nacos = await new FakeNacos().start();
  const registry = nacosRegistry({ urls: [nacos.server.url], ...quick });
  return {
    registry,
    server: nacos.server,
    async close() {
      await registry.close();
      await nacos.stop();
    },
  };
});

describe('a registry in nacos', () => {
  let nacos: FakeNacos;
  let ctx: CancelContext;
  let registry: Registry;
  const open = (options: Partial<NacosRegistryOptions> = {}) =>
    nacosRegistry({ urls: [nacos.server.url], ttlMs: 300, ...quick, ...options });
  beforeEach(async () => {
    nacos = await new FakeNacos().start();
    ctx = background().withTimeout(60_000);
    registry = open();
  });
  afterEach(async () => {
    ctx.cancel();
    await registry.close();
    await nacos.stop();
  });

  it('registers again in a server that was restarted, and watchers keep their list meanwhile', async () => {
    for (const [n, id] of ['room-1', 'room-2'].entries()) await registry.register(ctx, at(id, n + 1));
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();

    nacos.forget();
    const fresh = open();
    for await (const snapshot of fresh.watch(ctx, 'room')) if (snapshot.instances.length === 2) break;
    await fresh.close();
    await registry.register(ctx, at('room-3', 3));

    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['room-1', 'room-2', 'room-3']);
  });

  it('does not list an instance without beats, while others stay', async () => {
    await registry.register(ctx, at('room-1', 1));
    nacos.add({ service: 'room', ip: '10.0.0.9', port: 80 });
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['10.0.0.9-80', 'room-1']);

    nacos.expire('10.0.0.9');

    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['room-1']);
  });

  it('gives instances that others registered by their address', async () => {
    nacos.add({ service: 'room', ip: '10.0.0.9', port: 8080, weight: 3, metadata: { version: '7', lane: 'blue' } });
    nacos.add({ service: 'room', ip: '10.0.0.8', port: 8080, enabled: false });

    const { instances } = await first(registry.watch(ctx, 'room'));

    const url = 'http://10.0.0.9:8080';
    const expected = { version: '7', lane: 'blue', weight: 3, endpoints: { rpc: url, http: url } };
    assert.deepEqual(instances, [instanceOf('10.0.0.9-8080', expected)]);
  });

  it('lists an instance of an address that begins with colons', async () => {
    nacos.add({ service: 'room', ip: '::1', port: 8080 });

    const { instances } = await first(registry.watch(ctx, 'room'));

    assert.equal(instances[0]?.endpoints.rpc, 'http://[::1]:8080');
  });

  it('lets instances go at once that say good-bye, however many, and nacos deletes them', async () => {
    const registrations = [];
    for (const n of [1, 2, 3, 4]) registrations.push(await registry.register(ctx, at(`room-${n}`, n)));
    const patient = open({ graceMs: 600_000 });
    const reader = patient.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();

    await Promise.all(registrations.slice(1).map((registration) => registration.close(ctx)));

    let ids: readonly string[] = [];
    while (ids.length !== 1) ids = idsOf((await reader.next()).value as Snapshot);
    assert.deepEqual(ids, ['room-1']);
    while (nacos.known('room') > 1) await nacos.server.called(1);
    await patient.close();
  });

  it('takes all that nacos gives where it protects a service, but who has left', async () => {
    nacos.protectThreshold = 0.8;
    nacos.add({ service: 'room', ip: '10.0.0.8', port: 80 });
    nacos.add({ service: 'room', ip: '10.0.0.9', port: 80 });
    nacos.expire('10.0.0.9');
    const registration = await registry.register(ctx, at('room-1', 1));
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['10.0.0.8-80', '10.0.0.9-80', 'room-1']);

    await registration.close(ctx);

    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['10.0.0.8-80', '10.0.0.9-80']);
  });

  it('beats as often as nacos asks for, where an operator changed that', async () => {
    nacos.beatIntervalMs = 700;
    const patient = open({ ttlMs: 60_000, random: () => 0 });
    const beats = () => nacos.server.calls.filter((call) => call.startsWith('PUT')).length;

    await patient.register(ctx, at('room-1', 1));

    while (beats() < 4) await nacos.server.called(1);
    assert.equal(ctx.err(), undefined, 'at a third of the TTL three more beats would take a minute');
    await patient.close();
  });

  it('registers again, without a gap that anybody sees, what nacos deleted', async () => {
    await registry.register(ctx, at('room-1', 1));
    await registry.register(ctx, at('room-2', 2));
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();

    nacos.server.fail('error');
    nacos.expire('127.0.0.1', 'ip.delete');
    assert.equal(nacos.known('room'), 0);
    nacos.server.fail(undefined);
    while (nacos.known('room') < 2) await nacos.server.called(1);
    await registry.register(ctx, at('room-3', 3));

    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), ['room-1', 'room-2', 'room-3']);
  });

  it('signs in, and again when its token is not known any more', async () => {
    nacos.password = 'secret';
    const signedIn = open({ username: 'nacos', password: 'secret' });
    const wrong = open({ username: 'nacos', password: 'guess' });

    await signedIn.register(ctx, at('room-1', 1));
    await assert.rejects(registry.register(ctx, at('room-2', 2)), { code: 'permission_denied' });
    await assert.rejects(wrong.register(ctx, at('room-2', 2)), { code: 'permission_denied' });
    nacos.forget();
    await signedIn.register(ctx, at('room-3', 3));

    for await (const { instances } of signedIn.watch(ctx, 'room')) if (idsOf({ instances }).includes('room-3')) break;
    await Promise.all([signedIn.close(), wrong.close()]);
  });

  it('asks another server when one is away', async () => {
    const both = open({ urls: ['http://127.0.0.1:1', nacos.server.url], random: () => 0 });

    await both.register(ctx, at('room-1', 1));

    assert.deepEqual(idsOf(await first(both.watch(ctx, 'room'))), ['room-1']);
    await both.close();
  });

  it('lists of one id from two addresses the later one', async () => {
    const later = open({ now: () => 2_000 });
    const earlier = open({ now: () => 1_000 });
    await later.register(ctx, at('room-1', 2));
    await earlier.register(ctx, at('room-1', 1));

    const { instances } = await first(registry.watch(ctx, 'room'));

    assert.deepEqual(instances, [at('room-1', 2)]);
    await Promise.all([later.close(), earlier.close()]);
  });

  it('refuses an instance that has no address', async () => {
    const unix = instanceOf('room-1', { endpoints: { rpc: 'http+unix://%2Frun%2Fx' } });

    await assert.rejects(registry.register(ctx, unix), { reason: 'INVALID_INSTANCE' });
  });

  it('refuses options that make no sense', () => {
    assert.throws(() => open({ urls: [] }), TypeError);
    assert.throws(() => open({ urls: ['nacos'] }), TypeError);
    assert.throws(
      () => open({ urls: ['http://nacos:hunter2@127.0.0.1:8848'] }),
      (error: Error) => error instanceof TypeError && !error.message.includes('hunter2'),
    );
    assert.throws(() => open({ ttlMs: 1 }), RangeError);
    assert.throws(() => open({ pollMs: 0 }), RangeError);
  });
});
