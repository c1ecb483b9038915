import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultFields, type QuotaState, withFields, withTransport } from '../../call/index.ts';
import { rootContext } from '../../concurrency/index.ts';
import { type QuotaStore, quotaTree } from '../../guard/index.ts';
import { defaultSettings } from '../../guard/quota/quota-settings.ts';
import { failOnLeaks, virtualClock } from '../../testing/index.ts';
import { guardDefaults } from '../defaults.ts';
import { measured, methodOf } from './guard.fixture.ts';
import { liveGuard, withGuardSettings } from './live-guard.ts';
import { tenantQuota } from './quota.ts';

failOnLeaks();

const tree = quotaTree({ limit: 1_000, children: { acme: { limit: 4 } }, template: { limit: 100 } });
const answer = async () => 'done';
/** Its first calls have the part of one of four instances, which is one. */
const options = { tree, expectedInstances: 4, renewMs: 500 };

describe('tenantQuota', () => {
  it('has the defaults of the limiter', () => {
    const { tree: _, ...numbers } = defaultSettings(tree);

    assert.deepEqual(guardDefaults.quota, numbers);
  });

  it('refuses the calls of a tenant that has used up its share, and says how much there is', async () => {
    const clock = virtualClock();
    const told: QuotaState[] = [];
    const ctx = withTransport(rootContext(clock), {
      transport: 'test',
      address: undefined,
      tell: (quota) => void told.push(quota),
    });
    await using tenants = tenantQuota(ctx, options);
    const call = tenants.middleware(answer, methodOf());
    const acme = withFields(ctx, { tenant: 'acme' });

    assert.equal(await call(acme, {}), 'done');
    await assert.rejects(call(acme, {}), {
      code: 'resource_exhausted',
      reason: 'QUOTA_EXHAUSTED',
      metadata: { limit: 'quota', retryAfterMs: '1000' },
    });
    assert.equal(await call(withFields(ctx, { tenant: 'other' }), {}), 'done');

    assert.deepEqual(told, [{ policy: 'quota', limit: 1, windowMs: 1_000, remaining: 0, resetMs: 1_000 }]);
  });

  it('counts decisions, and shows the shares and the loss of the store', async () => {
    const clock = virtualClock();
    const { ctx, telemetry, lines } = measured(rootContext(clock));
    const store: QuotaStore = {
      exchange: () => Promise.reject(new Error('connection refused')),
      release: async () => {},
    };
    await using tenants = tenantQuota(ctx, { ...options, store, cost: () => 1 });
    const head = { ...methodOf(), sizeBytes: undefined, fields: { ...defaultFields, tenant: 'acme' } };

    const decisions = [1, 2, 3].map(() => tenants.admit({ ...head, timeoutMs: undefined }).admitted);
    await clock.advance(1_000);

    assert.deepEqual(decisions, [true, false, false]);
    assert.deepEqual(lines('guard_decisions_total'), [
      'guard_decisions_total{guard="quota",name="quota",priority="default",decision="admitted"} 1',
      'guard_decisions_total{guard="quota",name="quota",priority="default",decision="quota_exhausted"} 2',
    ]);
    assert.match(telemetry.prometheus(), /^guard_quota_share\S*\{tenant="acme"\} 0\.\d+$/m);
    assert.match(telemetry.prometheus(), /^guard_quota_wants\S*\{tenant="acme"\} \d/m);
  });

  it('shows the first thousand tenants on their own, and all others together', async () => {
    const clock = virtualClock();
    const { ctx, telemetry } = measured(rootContext(clock));
    await using tenants = tenantQuota(ctx, { tree: quotaTree({ limit: 10_000, template: {} }), expectedInstances: 1 });
    const head = (tenant: string) => ({ ...methodOf(), sizeBytes: undefined, fields: { ...defaultFields, tenant } });

    for (let i = 0; i < 1_200; i++) tenants.admit({ ...head(`t${i}`), timeoutMs: undefined });
    await clock.advance(1_000);

    const shares = telemetry.prometheus().match(/^guard_quota_share\S*\{.*$/gm) ?? [];
    const sum = shares.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    assert.equal(shares.length, 1_001, shares.slice(0, 3).join());
    const all = tenants.quota.snapshot().leaves.reduce((total, { share }) => total + share, 0);
    assert.ok(all > 1_000 && Math.abs(sum - all) < 1, `${sum} of ${all}`);
  });

  it('follows the settings for its name while it runs', async () => {
    const clock = virtualClock();
    const guard = liveGuard();
    const ctx = withGuardSettings(rootContext(clock), guard);
    await using tenants = tenantQuota(ctx, { ...options, name: 'paid', leaseMs: 4_000 });

    assert.throws(() => guard.configure({ quota: { paid: { renewMs: 3_000 } } }), /renewMs is 3000; give .* to 2000/);
    guard.configure({ quota: { paid: { renewMs: 100 }, other: { renewMs: 1 } } });

    await tenants.close();
    guard.configure({ quota: { paid: { renewMs: 1 } } });
  });
});
