import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Context, until } from '../../concurrency/index.ts';
import { anySeed, reportOf, seeded, sharesOf } from './quota-reports.fixture.ts';
import type { QuotaReport, QuotaStore } from './quota-store.ts';
import type { QuotaTenantConfig } from './quota-tree.ts';

/** A store without leases. */
export interface QuotaStoreFixture {
  readonly store: QuotaStore;
  readonly ctx: Context;
  /** Lets so much time go by on the store's clock. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const even: QuotaTenantConfig = { limit: 120, template: {} };

/** An instance that renews and confirms, as `quota` does. */
class Instance {
  readonly #fixture: QuotaStoreFixture;
  readonly #name: string;
  readonly #config: QuotaTenantConfig;
  received = 0;
  instances = 0;

  constructor(fixture: QuotaStoreFixture, name: string, config: QuotaTenantConfig) {
    this.#fixture = fixture;
    this.#name = name;
    this.#config = config;
  }

  async renew(
    wants: Readonly<Record<string, number>>,
    rest: Partial<QuotaReport> = {},
  ): Promise<Record<string, number>> {
    const { ctx, store } = this.#fixture;
    const { received, instances } = this;
    // Nothing ends by itself unless a test says so, however slow the machine is.
    const report = reportOf(this.#config, this.#name, wants, { received, instances, leaseMs: 60_000, ...rest });
    const grant = await store.exchange(ctx, report);
    this.received = grant.sequence;
    this.instances = grant.instances;
    return sharesOf(report, grant);
  }
}

/** What every QuotaStore must do. Called by the test of each implementation. */
export function quotaStoreContract(name: string, open: () => Promise<QuotaStoreFixture>): void {
  describe(`quota store contract: ${name}`, () => {
    let fixture: QuotaStoreFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(() => fixture.close());
    const instance = (name: string, config = even) => new Instance(fixture, name, config);

    it('divides what is short by max-min fairness', async () => {
      const shares = await instance('a').renew({ large: 1_000, middle: 50, small: 10 });

      assertShares(shares, { large: 60, middle: 50, small: 10 });
    });

    it('lends most of what nobody wants, the lowest first', async () => {
      const shares = await instance('a').renew({ one: 10, two: 60 });

      assertShares(shares, { one: 50.5, two: 60 });
    });

    it('divides by weight, starts at guarantees and stops at limits', async () => {
      const config = {
        limit: 100,
        children: { sure: { guarantee: 50 }, capped: { limit: 5 }, heavy: { weight: 2 }, light: {} },
      };
      const shares = await instance('a', config).renew({ sure: 1_000, capped: 1_000, heavy: 1_000, light: 1_000 });

      assertShares(shares, { sure: 50, capped: 5, heavy: 30, light: 15 });
    });

    it('divides among groups before tenants, and gives a group what its tenants are guaranteed', async () => {
      const config = {
        limit: 100,
        children: { acme: { children: { shop: { guarantee: 60 }, blog: {} } }, other: { template: {} } },
      };
      const shares = await instance('a', config).renew({
        'acme/shop': 500,
        'acme/blog': 500,
        'other/x': 500,
        'other/y': 500,
      });

      assertShares(shares, { 'acme/shop': 60, 'acme/blog': 0, 'other/x': 20, 'other/y': 20 });
    });

    it('divides a tenant among the instances that want it', async () => {
      const [a, b] = [instance('a'), instance('b')];

      assertShares(await a.renew({ one: 200 }), { one: 120 });
      assertShares(await b.renew({ one: 200 }), { one: 0 }, 'all of it is on lease');
      assertShares(await a.renew({ one: 200 }), { one: 60 });
      assertShares(await b.renew({ one: 200 }), { one: 0 }, 'nobody knows yet that the answer arrived');
      assertShares(await a.renew({ one: 200 }), { one: 60 });
      assertShares(await b.renew({ one: 200 }), { one: 60 });
      assert.equal(a.instances, 2);
    });

    it('calls a guarantee back that was lent, within two renewals', async () => {
      const config = { limit: 100, children: { sure: { guarantee: 70 }, greedy: {} } };
      const [a, b] = [instance('a', config), instance('b', config)];
      assertShares(await a.renew({ greedy: 1_000 }), { greedy: 100 });

      await b.renew({ sure: 1_000 });
      await a.renew({ greedy: 1_000 });
      await b.renew({ sure: 1_000 });
      const left = await a.renew({ greedy: 1_000 });
      const called = await b.renew({ sure: 1_000 });

      assertShares({ ...left, ...called }, { greedy: 30, sure: 70 });
    });

    it('never has more on lease than a limit, in whatever order instances ask and whichever answers they lose', async () => {
      const config = {
        limit: 100,
        children: {
          acme: { limit: 60, guarantee: 30, template: { limit: 40 } },
          solo: { weight: 3 },
          sure: { guarantee: 20 },
        },
      };
      const tenants = ['acme/x', 'acme/y', 'solo', 'sure'];
      const seed = anySeed();
      const random = seeded(seed);
      const all = ['a', 'b', 'c'].map((name) => ({ self: instance(name, config), uses: {} as Record<string, number> }));
      for (let step = 0; step < 60; step++) {
        const { self, uses } = all[Math.floor(random() * all.length)]!;
        const wants = Object.fromEntries(
          tenants.filter(() => random() < 0.7).map((tenant) => [tenant, random() * 120]),
        );
        // What it no longer reports it no longer uses.
        for (const path of Object.keys(uses)) if (!(path in wants)) delete uses[path];
        const { received } = self;
        const shares = await self.renew(wants);
        if (random() < 0.3) self.received = received;
        else Object.assign(uses, shares);

        const used = (path: string) => all.reduce((sum, { uses }) => sum + (uses[path] ?? 0), 0);
        const acme = used('acme/x') + used('acme/y');
        const context = `seed ${seed}, step ${step}`;
        assert.ok(used('acme/x') <= 40.001 && used('acme/y') <= 40.001 && acme <= 60.001, context);
        assert.ok(acme + used('solo') + used('sure') <= 100.001, context);
      }
    });

    it('takes back what an instance no longer wants, or releases', async () => {
      const { ctx, store } = fixture;
      const config = { limit: 120, children: { one: { limit: 60 }, two: {} } };
      const [a, b] = [instance('a', config), instance('b', config)];
      await a.renew({ one: 100, two: 100 });

      await a.renew({ one: 60 });
      assertShares(await b.renew({ two: 1_000 }), { two: 60 });
      await store.release(ctx, 'a');
      assertShares(await b.renew({ two: 1_000 }), { two: 120 });
      await store.release(ctx, 'nobody');
    });

    it('takes back what a silent instance held, one lease later', async () => {
      const [a, b] = [instance('a'), instance('b')];
      await a.renew({ one: 1_000 }, { leaseMs: 1_000 });

      assertShares(await b.renew({ one: 1_000 }), { one: 0 });
      await fixture.pass(1_020);
      assertShares(await b.renew({ one: 1_000 }), { one: 120 });
      assert.equal(b.instances, 1);
    });

    it('gives each only its part of a limit for one lease, where others may have been forgotten', async () => {
      const a = instance('a');

      assertShares(await a.renew({ one: 1_000 }, { instances: 4, leaseMs: 300 }), { one: 30 });
      await fixture.pass(320);
      const again = await a.renew({ one: 1_000 }, { instances: 4, leaseMs: 300 });

      assert.ok(again.one === 30 || again.one === 120, 'a store that is empty again has forgotten again');
    });

    it('goes by the bounds of who asks where instances do not agree', async () => {
      await instance('a').renew({ one: 10 });

      assertShares(await instance('b', { limit: 1_000, children: { one: { limit: 30 } } }).renew({ one: 500 }), {
        one: 0,
      });
      const shares = await instance('c', { limit: 500, template: {} }).renew({ one: 0, two: 1_000 });
      assertShares(shares, { one: 0, two: 250 });
    });

    it('knows a leaf by any name', async () => {
      const name = 'grüße "世界" {}:\\n % * \\u0000'.padEnd(200, 'x');

      const shares = await instance('ins/tance "1"').renew({ [name]: 1_000, '': 10 });

      assert.deepEqual(Object.values(shares).map(Math.round), [110, 10]);
    });

    it('takes a report without leaves', async () => {
      assert.deepEqual(await instance('a').renew({}), {});
    });

    it('does not answer a Context that has ended', async () => {
      const ended = fixture.ctx.withTimeout(0);

      const answer = fixture.store.exchange(ended, reportOf(even, 'a', { one: 1 }));

      await assert.rejects(until(fixture.ctx, answer), { code: 'deadline_exceeded' });
    });
  });
}

function assertShares(actual: Record<string, number>, expected: Record<string, number>, message = 'the shares'): void {
  const rounded = Object.fromEntries(
    Object.entries(actual).map(([path, share]) => [path, Math.round(share * 1e6) / 1e6]),
  );
  assert.deepEqual(rounded, expected, message);
}
