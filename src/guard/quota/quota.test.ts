import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rootContext } from '../../concurrency/index.ts';
import { createTelemetry, withTelemetry } from '../../observe/index.ts';
import { failOnLeaks, virtualClock } from '../../testing/index.ts';
import { headOf } from '../limits/heads.fixture.ts';
import { memoryQuotaStore } from './memory-quota-store.ts';
import { type Quota, type QuotaOptions, quota } from './quota.ts';
import type { QuotaReport, QuotaStore } from './quota-store.ts';
import { type QuotaTenantConfig, quotaTree } from './quota-tree.ts';

failOnLeaks();

function opened(config: QuotaTenantConfig, options: Partial<QuotaOptions> = {}) {
  const clock = virtualClock();
  const limiter = quota(rootContext(clock), { tree: quotaTree(config), random: () => 0.5, ...options });
  return { clock, limiter };
}

function admitted(limiter: Quota, tenant: string, calls: number, method = 'GetRoom'): number {
  let count = 0;
  for (let call = 0; call < calls; call++) if (limiter.acquire(headOf({ tenant }, { method })).admitted) count++;
  return count;
}

/** A store that is told to fail, and remembers what it was asked. */
class Recorder implements QuotaStore {
  readonly reports: QuotaReport[] = [];
  readonly released: string[] = [];
  isAway = false;
  readonly #inner: QuotaStore;

  constructor(inner: QuotaStore) {
    this.#inner = inner;
  }

  exchange(...[ctx, report]: Parameters<QuotaStore['exchange']>): ReturnType<QuotaStore['exchange']> {
    this.reports.push(report);
    return this.isAway ? Promise.reject(new Error('connection refused')) : this.#inner.exchange(ctx, report);
  }

  async release(...[, instance]: Parameters<QuotaStore['release']>): Promise<void> {
    this.released.push(instance);
  }
}

describe('quota', () => {
  it('lets the first calls of a tenant through before any lease: those of one renewal, by the expected instances', async () => {
    const { limiter } = opened({ template: { limit: 80 } }, { expectedInstances: 4, renewMs: 500 });

    assert.equal(admitted(limiter, 'new', 50), 10);
    await limiter.close();
  });

  it('lets strangers with a new name for each call have no more than the limit', async () => {
    const { limiter } = opened({ limit: 100, template: {} }, { expectedInstances: 4, maxTenants: 5_000 });
    let count = 0;

    for (let name = 0; name < 2_000; name++) count += admitted(limiter, `stranger-${name}`, 1);

    // The part of this instance in one second, and what the first ones had as their shares.
    assert.ok(count >= 25 && count <= 50, `${count} calls at once, of 25 in a second`);
    await limiter.close();
  });

  it('holds a tenant to a few calls an hour, also when it pauses until it is forgotten', async () => {
    const { clock, limiter } = opened({ template: { limit: 36 / 3_600 } }, { expectedInstances: 1, idleMs: 10_000 });
    let count = 0;

    for (let ms = 0; ms < 600_000; ms += 12_000) {
      count += admitted(limiter, 'a', 1);
      await clock.advance(12_000);
    }

    assert.ok(count >= 6 && count <= 8, `${count} calls in 10 minutes`);
    await limiter.close();
  });

  it('asks the store for a new tenant at once, once for all that are new', async () => {
    const clock = virtualClock();
    const store = new Recorder(memoryQuotaStore({ clock }));
    const tree = quotaTree({ limit: 1_000, template: {} });
    const limiter = quota(rootContext(clock), { tree, store, renewMs: 500 });
    await clock.advance(100);

    for (const tenant of ['a', 'b', 'c']) admitted(limiter, tenant, 1);
    await clock.advance(60);

    assert.deepEqual(
      store.reports.map(({ nodes }) => nodes.length),
      [0, 4],
    );
    assert.ok(limiter.snapshot().leaves.every(({ share }) => share > 200));
    await limiter.close();
  });

  it('asks the store twice a second, however many calls and tenants there are', async () => {
    const clock = virtualClock();
    const store = new Recorder(memoryQuotaStore({ clock }));
    const tree = quotaTree({ limit: 100, template: {} });
    const limiter = quota(rootContext(clock), { tree, store });
    for (let tenant = 0; tenant < 50; tenant++) admitted(limiter, `t${tenant}`, 1);
    await clock.advance(1_000);
    const before = store.reports.length;

    for (let step = 0; step < 100; step++) {
      for (let tenant = 0; tenant < 50; tenant++) admitted(limiter, `t${tenant}`, 20);
      await clock.advance(100);
    }

    const asked = store.reports.length - before;
    assert.ok(asked >= 18 && asked <= 23, `${asked} times in 10 s`);
    await limiter.close();
  });

  it('asks the store four times as often at most while tenants keep coming', async () => {
    const clock = virtualClock();
    const store = new Recorder(memoryQuotaStore({ clock }));
    const tree = quotaTree({ limit: 10_000, template: {} });
    const limiter = quota(rootContext(clock), { tree, store });

    for (let tenant = 0; tenant < 500; tenant++) {
      admitted(limiter, `t${tenant}`, 1);
      await clock.advance(10);
    }

    const asked = store.reports.length;
    assert.ok(asked >= 30 && asked <= 42, `${asked} times in 5 s`);
    await limiter.close();
  });

  it('lets through what the lease gives, with a second of burst', async () => {
    const { clock, limiter } = opened({ children: { acme: { limit: 50 } } });
    admitted(limiter, 'acme', 100);
    await clock.advance(10_000);
    admitted(limiter, 'acme', 100);
    await clock.advance(600);
    admitted(limiter, 'acme', 100);

    await clock.advance(400);
    const share = limiter.snapshot().leaves[0]!.share;

    assert.equal(admitted(limiter, 'acme', 100), Math.floor(share * 0.4));
    await clock.advance(3_000);
    assert.equal(admitted(limiter, 'acme', 100), Math.floor(limiter.snapshot().leaves[0]!.share));
    await limiter.close();
  });

  it('never refuses a tenant above which nothing has a limit, and asks nobody for it', async () => {
    const clock = virtualClock();
    const store = new Recorder(memoryQuotaStore({ clock }));
    const limiter = quota(rootContext(clock), { tree: quotaTree({ children: { paid: { limit: 1 } } }), store });

    assert.equal(admitted(limiter, 'free', 10_000), 10_000);
    await clock.advance(1_000);

    assert.ok(store.reports.every(({ nodes }) => nodes.length === 0));
    assert.equal(limiter.snapshot().leaves[0]!.share, Number.POSITIVE_INFINITY);
    await limiter.close();
  });

  it('refuses with the time to wait and what there is, sharing what it says', async () => {
    const { clock, limiter } = opened({ children: { acme: { limit: 8 } } }, { name: 'paid', expectedInstances: 1 });
    admitted(limiter, 'acme', 100);

    const first = limiter.acquire(headOf({ tenant: 'acme' }));
    const second = limiter.acquire(headOf({ tenant: 'acme' }));
    await clock.advance(1);

    assert.ok(!first.admitted && !second.admitted);
    assert.equal(first, second);
    assert.deepEqual([first.error.code, first.error.reason], ['resource_exhausted', 'QUOTA_EXHAUSTED']);
    assert.deepEqual(first.error.metadata, { limit: 'paid', retryAfterMs: '125' });
    assert.equal(first.retryAfterMs, 125);
    assert.deepEqual(first.quota, { policy: 'paid', limit: 8, windowMs: 1_000, remaining: 0, resetMs: 1_000 });
    await limiter.close();
  });

  it('tells with each permit how much is left, if asked to', async () => {
    const { limiter } = opened({ template: { limit: 10 } }, { tell: true, expectedInstances: 1 });

    const permit = limiter.acquire(headOf({ tenant: 'a' }));

    assert.deepEqual(permit.quota, { policy: 'quota', limit: 10, windowMs: 1_000, remaining: 4, resetMs: 600 });
    await limiter.close();
  });

  it('tells nothing where no limit applies', async () => {
    const { limiter } = opened({ children: { paid: { limit: 1 } } }, { tell: true });

    const permit = limiter.acquire(headOf({ tenant: 'free' }));

    assert.deepEqual([permit.admitted, permit.quota], [true, undefined]);
    await limiter.close();
  });

  it('takes a call that costs more than the burst when the bucket is full, and is paid for it afterwards', async () => {
    const { clock, limiter } = opened({ template: { limit: 10 } }, { expectedInstances: 1 });
    admitted(limiter, 'a', 1);
    await clock.advance(3_000);

    const large = limiter.acquire(headOf({ tenant: 'a' }), 25);
    const next = limiter.acquire(headOf({ tenant: 'a' }));

    assert.equal(large.admitted, true);
    assert.ok(!next.admitted && next.retryAfterMs! > 1_500);
    for (const cost of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(
        () => limiter.acquire(headOf(), cost),
        new RegExp(`a cost is ${cost}; give a finite number above 0`),
      );
    }
    await limiter.close();
  });

  it('takes a call back', async () => {
    const { limiter } = opened({ template: { limit: 2 } }, { expectedInstances: 1 });
    const head = headOf({ tenant: 'a' });
    assert.equal(admitted(limiter, 'a', 5), 1);

    limiter.giveBack(head);

    assert.equal(admitted(limiter, 'a', 5), 1);
    await limiter.close();
  });

  it('divides a tenant among its methods', async () => {
    const { clock, limiter } = opened({ children: { acme: { limit: 100, methods: { Search: { limit: 10 } } } } });
    for (let step = 0; step < 40; step++) {
      for (const method of ['Search', 'Get', 'List']) admitted(limiter, 'acme', 10, method);
      await clock.advance(100);
    }

    const shares = limiter.snapshot().leaves.map(({ path, tenant, share }) => [path, tenant, Math.round(share)]);

    assert.deepEqual(shares, [
      ['acme/Search', 'acme', 10],
      ['acme/*', 'acme', 90],
    ]);
    await limiter.close();
  });

  it('knows so many unnamed tenants apart, and forgets those that are idle', async () => {
    const config: QuotaTenantConfig = { limit: 1_000, children: { named: {} }, template: {} };
    const { clock, limiter } = opened(config, { maxTenants: 2, idleMs: 1_000 });
    const paths = () => limiter.snapshot().leaves.map(({ path }) => path);

    for (const tenant of ['a', 'b', 'c', 'd', 'named']) admitted(limiter, tenant, 1);
    assert.deepEqual(paths(), ['a', 'b', '*', 'named']);
    await clock.advance(2_000);

    assert.deepEqual(paths(), []);
    admitted(limiter, 'c', 1);
    assert.deepEqual(paths(), ['c']);
    await limiter.close();
  });

  it('tells a tenant apart again that found no room, as soon as there is some', async () => {
    const { clock, limiter } = opened({ limit: 1_000, template: {} }, { maxTenants: 1, idleMs: 1_000 });
    const paths = () => limiter.snapshot().leaves.map(({ path }) => path);
    for (const tenant of ['stranger', 'regular']) admitted(limiter, tenant, 1);
    assert.deepEqual(paths(), ['stranger', '*']);

    for (let step = 0; step < 20; step++) {
      admitted(limiter, 'regular', 1);
      await clock.advance(100);
    }

    assert.ok(paths().includes('regular'), paths().join());
    await limiter.close();
  });

  it('divides its part of the limit among its own tenants when the lease ends without the store', async () => {
    const clock = virtualClock();
    const store = new Recorder(memoryQuotaStore({ clock }));
    const lines: string[] = [];
    const resource = { service: 'test', version: '1', instance: 'i0' };
    const telemetry = createTelemetry({ resource, runtimeMetrics: false, write: (line) => void lines.push(line) });
    const ctx = withTelemetry(rootContext(clock), telemetry);
    const tree = quotaTree({ limit: 200, children: { sure: { guarantee: 150 } }, template: {} });
    const [limiter, other] = ['i0', 'i1'].map((instance) => quota(ctx, { tree, store, instance, random: () => 0.5 }));
    const ask = async (ms: number) => {
      for (let at = 0; at < ms; at += 100) {
        for (const tenant of ['sure', 'a', 'b']) admitted(limiter!, tenant, 20);
        await clock.advance(100);
      }
    };
    await ask(3_000);

    store.isAway = true;
    await ask(1_500);
    assert.equal(limiter!.snapshot().phase, 'leased');
    await ask(3_000);

    const { phase, instances, failures, leaves } = limiter!.snapshot();
    assert.deepEqual([phase, instances], ['degraded', 2]);
    assert.ok(failures >= 3);
    const shares = Object.fromEntries(leaves.map(({ path, share }) => [path, share]));
    // 0.9 of half of 200; of it 0.9 of half of 150 for the one.
    assert.deepEqual(
      Object.entries(shares).map(([path, share]) => [path, Math.round(share * 100) / 100]),
      [
        ['sure', 67.5],
        ['a', 11.25],
        ['b', 11.25],
      ],
    );
    store.isAway = false;
    await ask(4_000);
    assert.equal(limiter!.snapshot().phase, 'leased');
    await Promise.all([limiter!.close(), other!.close()]);
    const told = lines.filter((line) => line.includes('quota store'));
    assert.equal(told.length, 4, 'each instance says once that it is lost, and once that it is back');
    assert.deepEqual(store.released, ['i0', 'i1']);
  });

  it('gives up a lease at its end, however late the renewal', async () => {
    const clock = virtualClock();
    const store = new Recorder(memoryQuotaStore({ clock }));
    const tree = quotaTree({ template: { limit: 100 } });
    const limiter = quota(rootContext(clock), { tree, store, expectedInstances: 1, renewMs: 1_000, leaseMs: 2_000 });
    admitted(limiter, 'a', 1);
    await clock.advance(1_500);
    const { share } = limiter.snapshot().leaves[0]!;
    store.exchange = () => new Promise(() => {});

    await clock.advance(2_001);
    admitted(limiter, 'a', 1);

    assert.equal(limiter.snapshot().phase, 'degraded');
    assert.ok(limiter.snapshot().leaves[0]!.share < share);
    await clock.advance(5_000);
    await limiter.close();
  });

  it('treats an answer that does not fit the report as none', async () => {
    const store: QuotaStore = {
      exchange: async () => ({ shares: [Number.NaN, 1, 2], instances: 1, sequence: 1 }),
      release: async () => {},
    };
    const { clock, limiter } = opened({ template: { limit: 40 } }, { store });
    admitted(limiter, 'a', 1);

    await clock.advance(1_000);

    assert.equal(limiter.snapshot().phase, 'degraded');
    assert.equal(Math.round(limiter.snapshot().leaves[0]!.share), 8);
    await limiter.close();
  });

  it('changes its tree and its times while it runs', async () => {
    const { clock, limiter } = opened({ template: { limit: 10 } });
    admitted(limiter, 'a', 1);
    await clock.advance(1_000);

    limiter.configure({ tree: quotaTree({ template: { limit: 500 } }), burstMs: 100, renewMs: 200 });
    admitted(limiter, 'a', 1);
    await clock.advance(1_000);

    const { share } = limiter.snapshot().leaves[0]!;
    assert.ok(share > 400 && share <= 500, `${share}`);
    assert.equal(admitted(limiter, 'a', 1_000), Math.floor(share / 10));
    await limiter.close();
  });

  const refused: readonly { options: Partial<QuotaOptions>; message: RegExp }[] = [
    { options: { leaseMs: 99 }, message: /leaseMs is 99; give a number from 100/ },
    { options: { renewMs: 1_001 }, message: /renewMs is 1001; give a number from 10 to 1000/ },
    { options: { timeoutMs: 0 }, message: /timeoutMs is 0; give a number from 1 to 1000/ },
    { options: { burstMs: Number.NaN }, message: /burstMs is NaN/ },
    { options: { idleMs: 1 }, message: /idleMs is 1; give a number from 500/ },
    { options: { maxTenants: 0 }, message: /maxTenants is 0/ },
    { options: { expectedInstances: 0 }, message: /expectedInstances is 0/ },
    { options: { name: 'a b' }, message: /name is "a b"/ },
  ];
  for (const { options, message } of refused) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => opened({}, options), message);
    });
  }

  it('ends its renewals with its Context, and decides on', async () => {
    const clock = virtualClock();
    const ctx = rootContext(clock).withCancel();
    const limiter = quota(ctx, { tree: quotaTree({ template: { limit: 10 } }), expectedInstances: 1 });

    ctx.cancel();
    await clock.advance(1_000);

    assert.equal(clock.pending, 0);
    assert.equal(limiter.acquire(headOf({ tenant: 'a' })).admitted, true);
    await limiter.close();
  });
});
