import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { redisQuotaStore } from 'flotilla/adapters/redis';
import { background } from 'flotilla/concurrency';
import { reportOf, sharesOf } from '../../src/guard/quota/quota-reports.fixture.ts';
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

    it('leaves nothing behind when the last lease has ended', async (t) => {
      const client = await connectedClient(redis.url);
      t.after(() => client.destroy());
      const name = freshName();

      await redisQuotaStore(client, { name }).exchange(background(), { ...report, leaseMs: 100 });

      assert.equal(await client.exists(`flotilla:{quota:${name}}`), 1);
      while ((await client.exists(`flotilla:{quota:${name}}`)) > 0) await pause(20);
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
