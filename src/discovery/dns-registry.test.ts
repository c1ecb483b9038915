import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../concurrency/index.ts';
import type { DnsSource } from './dns-lookup.ts';
import { type DnsRegistryOptions, dnsRegistry } from './dns-registry.ts';
import { first, idsOf, instanceOf, registryContract } from './registry.contract.ts';
import type { Instance, Registry, Snapshot } from './registry.ts';

/** Records that a test changes; a name with an Error fails with it. */
class FakeDns implements DnsSource {
  readonly hosts = new Map<string, readonly string[] | Error>();
  readonly records = new Map<string, readonly { name: string; port: number; priority: number; weight: number }[]>();
  asked = 0;

  async addresses(host: string) {
    this.asked++;
    const found = this.hosts.get(host) ?? fault('ENOTFOUND');
    if (found instanceof Error) throw found;
    return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  }

  async services(name: string) {
    const found = this.records.get(name);
    if (found === undefined) throw fault('ENOTFOUND');
    return found;
  }
}

function fault(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const quick = { refreshMs: 5, backoff: { firstMs: 5, maxMs: 10 } };

registryContract(
  'DNS',
  async () => {
    const dns = new FakeDns();
    const placed = new Map<string, Instance>();
    const save = () => {
      const targets = ({ id, endpoints }: Instance) => ({
        name: id,
        port: Number(new URL(endpoints.rpc!).port),
        priority: 1,
        weight: 1,
      });
      dns.records.clear();
      for (const [service, list] of Map.groupBy(placed.values(), (one) => one.service))
        dns.records.set(`_rpc._tcp.${service}.test`, list.map(targets));
    };
    const registry = dnsRegistry({ dns, suffix: 'test', services: ['room', 'rank'], ...quick });
    return {
      registry,
      other: registry,
      async place(_, instance) {
        placed.set(`${instance.service}/${instance.id}`, instance);
        save();
        return { close: async () => {} };
      },
      close: () => registry.close(),
    };
  },
  {
    isReadOnly: 'records of DNS are written by others',
    losesFields: 'DNS has no place for them',
    hasOwnIds: 'an instance has the id of its address',
  },
);

describe('a registry in DNS', () => {
  let dns: FakeDns;
  let ctx: CancelContext;
  let registry: Registry;
  const open = (options: DnsRegistryOptions = {}) => dnsRegistry({ dns, port: 81, ...quick, ...options });
  const next = async (reader: AsyncIterator<Snapshot>) => idsOf((await reader.next()).value as Snapshot);
  const asked = async (times: number) => {
    for (const goal = dns.asked + times; dns.asked < goal; ) await new Promise((resolve) => setImmediate(resolve));
  };
  beforeEach(() => {
    dns = new FakeDns();
    ctx = background().withTimeout(60_000);
    registry = open();
  });
  afterEach(async () => {
    ctx.cancel();
    await registry.close();
  });

  it('gives the addresses of a name with the port, as they change', async () => {
    dns.hosts.set('room', ['10.0.0.1']);
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    const url = 'http://10.0.0.1:81';
    const expected = instanceOf('10.0.0.1-81', { version: '', endpoints: { rpc: url, http: url } });
    assert.deepEqual((await reader.next()).value?.instances, [expected]);

    dns.hosts.set('room', ['10.0.0.1', '10.0.0.2']);

    assert.deepEqual(await next(reader), ['10.0.0.1-81', '10.0.0.2-81']);
  });

  it('leaves out a record that makes no instance', async () => {
    dns.hosts.set('room', ['10.0.0.1', 'fe80::1%eth0']);

    assert.deepEqual(idsOf(await first(registry.watch(ctx, 'room'))), ['10.0.0.1-81']);
  });

  it('gives SRV records below a suffix, with their weights', async () => {
    const srv = open({ port: undefined as never, suffix: 'live.svc' });
    dns.records.set('_rpc._tcp.room.live.svc', [
      { name: 'a.live.svc', port: 1, priority: 1, weight: 10 },
      { name: 'b.live.svc', port: 2, priority: 1, weight: 30 },
      { name: 'spare.live.svc', port: 3, priority: 2, weight: 1 },
    ]);

    const { instances } = await first(srv.watch(ctx, 'room'));

    assert.deepEqual(
      instances.map(({ endpoints, weight }) => [endpoints.rpc, weight]),
      [
        ['http://a.live.svc:1', 10],
        ['http://b.live.svc:2', 30],
      ],
    );
    await srv.close();
  });

  for (const answer of [fault('ESERVFAIL'), fault('ETIMEOUT'), fault('ENOTFOUND'), []] as const) {
    it(`keeps the last list while DNS answers ${answer instanceof Error ? answer.message : 'nobody'}`, async () => {
      dns.hosts.set('room', ['10.0.0.1', '10.0.0.2']);
      const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
      await next(reader);

      dns.hosts.set('room', answer);
      await asked(4);
      dns.hosts.set('room', ['10.0.0.3']);

      assert.deepEqual(await next(reader), ['10.0.0.3-81']);
    });
  }

  it('tells that there is nobody, and then of the first', async () => {
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    assert.deepEqual(await next(reader), []);

    dns.hosts.set('room', ['10.0.0.1']);

    assert.deepEqual(await next(reader), ['10.0.0.1-81']);
  });

  it('refuses options that make no sense', () => {
    assert.throws(() => open({ port: 0 }), RangeError);
    assert.throws(() => open({ refreshMs: 0 }), RangeError);
  });
});
