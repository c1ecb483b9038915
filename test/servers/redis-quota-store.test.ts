import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { redisQuotaStore } from 'flotilla/adapters/redis';
import { background } from 'flotilla/concurrency';
import { memoryQuotaStore, type QuotaTenantConfig } from 'flotilla/guard';
import { anySeed, reportOf, seeded, sharesOf } from '../../src/guard/quota/quota-reports.fixture.ts';
import { quotaStoreContract } from '../../src/guard/quota/quota-store.contract.ts';
import { connectedClient, redis } from './redis.ts';

const freshName = () => `test-${randomBytes(6).toString('hex')}`;

describe('Redis', { skip: redis.skip }, () => {
  quotaStoreContract('Redis', async () => {
    const client = await connectedClient(redis.url);
    return {
      store: redisQuotaStore(client, { name: freshName() }),
      ctx: background(),
      pass: (ms) => pause(ms),
      close: async () => client.destroy(),
    };
  });

  describe('redisQuotaStore', () => {
    const report = reportOf({ limit: 100, template: {} }, 'a', { one: 1_000 });

    it('goes on when the server has forgotten the script', async (t) => {
      const client = await connectedClient(redis.url);
      t.after(() => client.destroy());
      const store = redisQuotaStore(client, { name: freshName() });
      await store.exchange(background(), report);

      await client.scriptFlush();

      const again = await store.exchange(background(), { ...report, received: 1 });
      assert.deepEqual(sharesOf(report, again), { one: 100 });
      assert.equal(again.sequence, 2);
    });

    it('answers as the store in memory does, whatever instances want and whichever answers they lose', async (t) => {
      const client = await connectedClient(redis.url);
      t.after(() => client.destroy());
      const stores = [redisQuotaStore(client, { name: freshName() }), memoryQuotaStore()] as const;
      const config: QuotaTenantConfig = {
        limit: 500,
        children: {
          acme: { guarantee: 100, limit: 300, template: { limit: 60, weight: 2 } },
          bank: { weight: 3, children: { a: { guarantee: 40 }, b: {} } },
          solo: { guarantee: 50, methods: { Slow: { limit: 5 } } },
        },
      };
      const tenants = ['acme/a', 'acme/b', 'acme/c', 'bank/a', 'bank/b', 'solo', 'stranger'];
      const received = new Map<string, number>();
      const seed = anySeed();
      const random = seeded(seed);

      for (let step = 0; step < 120; step++) {
        const instance = `i${Math.floor(random() * 5)}`;
        const some = tenants.filter(() => random() < 0.6);
        const wants = Object.fromEntries(some.map((tenant) => [tenant, Math.round(random() * 200)]));
        const rest = { leaseMs: 60_000, received: received.get(instance) ?? 0, instances: step % 3 };
        const asked = reportOf(config, instance, wants, rest);
        const [grant, oracle] = await Promise.all(stores.map((store) => store.exchange(background(), asked)));
        if (random() < 0.8) received.set(instance, grant!.sequence);

        const context = `seed ${seed}, step ${step}: ${JSON.stringify(asked)}`;
        assert.deepEqual({ ...grant, shares: [] }, { ...oracle, shares: [] }, context);
        for (const [index, share] of grant!.shares.entries()) {
          const expected = oracle!.shares[index]!;
          assert.ok(
            Math.abs(share - expected) <= 1e-6 * Math.max(1, expected),
            `${share}, not ${expected}: ${context}`,
          );
        }
      }
    });

    it('keeps the limits in a large tree too, where it does not look at all instances each time, and becomes fair', async (t) => {
      const client = await connectedClient(redis.url);
      t.after(() => client.destroy());
      const store = redisQuotaStore(client, { name: freshName() });
      const config: QuotaTenantConfig = {
        limit: 900,
        children: { acme: { limit: 300, weight: 15, template: {} } },
        template: {},
      };
      const tenants = Array.from({ length: 60 }, (_, index) => (index < 30 ? `acme/${index}` : `other-${index}`));
      const seed = anySeed();
      const random = seeded(seed);
      const members = Array.from({ length: 12 }, (_, index) => ({ name: `i${index}`, received: 0, uses: {} }));
      const round = async (wanted: () => number) => {
        for (const member of members) {
          const wants = Object.fromEntries(tenants.map((tenant) => [tenant, wanted()]));
          const asked = reportOf(config, member.name, wants, { leaseMs: 60_000, received: member.received });
          const grant = await store.exchange(background(), asked);
          member.received = grant.sequence;
          member.uses = sharesOf(asked, grant);

          const used = members.flatMap(({ uses }) => Object.entries<number>(uses));
          const sum = (part: string) =>
            used.reduce((total, [path, share]) => total + (path.startsWith(part) ? share : 0), 0);
          assert.ok(
            sum('acme/') <= 300.001 && sum('') <= 900.001,
            `${sum('acme/')} of 300, ${sum('')} of 900, seed ${seed}`,
          );
        }
      };

      for (let i = 0; i < 10; i++) await round(() => random() * 20);
      for (let i = 0; i < 4; i++) {
        // As old as what is fair may be.
        await pause(40);
        await round(() => 10);
      }

      for (const { uses } of members) {
        for (const [path, share] of Object.entries<number>(uses)) {
          const fair = (path.startsWith('acme/') ? 300 / 30 : 600 / 30) / members.length;
          assert.ok(Math.abs(share - fair) < 0.01 * fair, `${path} has ${share}, not ${fair}`);
        }
      }
    });

    it('leaves nothing behind when the last lease has ended', async (t) => {
      const client = await connectedClient(redis.url);
      t.after(() => client.destroy());
      const [short, long] = [freshName(), freshName()];
      const keyOf = (name: string) => `flotilla:{quota:${name}}`;

      await redisQuotaStore(client, { name: short }).exchange(background(), { ...report, leaseMs: 100 });
      await redisQuotaStore(client, { name: long }).exchange(background(), { ...report, leaseMs: 60_000 });

      while ((await client.exists(keyOf(short))) > 0) await pause(20);
      const leftMs = await client.pTTL(keyOf(long));
      assert.ok(leftMs > 0 && leftMs <= 60_000, `${leftMs} ms`);
    });

    it('fails at once without a connection', async () => {
      const client = await connectedClient(redis.url);
      const store = redisQuotaStore(client, { name: freshName() });

      client.destroy();

      await assert.rejects(store.exchange(background(), report), { reason: 'REDIS_UNREACHABLE', code: 'unavailable' });
    });

    it('says that the server refused, without what it said', async (t) => {
      const client = await connectedClient(redis.url);
      t.after(() => client.destroy());
      const name = freshName();
      await client.set(`flotilla:{quota:${name}}`, 'a text', { PX: 10_000 });

      const answer = redisQuotaStore(client, { name }).exchange(background(), report);

      await assert.rejects(answer, { reason: 'REDIS_FAILED', message: 'redis refused the command' });
    });
  });
});
