import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CallHead } from '../../call/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { headOf } from './heads.fixture.ts';
import { type KeyedLimit, type KeyedLimiterOptions, keyedLimiter } from './keyed-limiter.ts';
import { byTenant } from './keys.ts';
import { PlainKeys } from './plain-keys.oracle.ts';

const ofTenant = (tenant: string): CallHead => headOf({ tenant });

describe('keyedLimiter', () => {
  it('gives each key a limit of its own', () => {
    const { limit } = limitBy({ limit: 3 });

    assert.deepEqual(
      [take(limit, 'a', 9), take(limit, 'b', 2), take(limit, 'a', 1), take(limit, 'b', 9)],
      [3, 2, 0, 1],
    );
  });

  it('says after how long the call of that key would pass', async () => {
    const { limit, clock } = limitBy({ limit: 4, windowMs: 1_000 });
    take(limit, 'a', 4);
    take(limit, 'b', 1);

    const refused = limit.acquire(ofTenant('a'));
    assert.ok(!refused.admitted);
    await clock.advance(249);
    const tooEarly = limit.acquire(ofTenant('a'));
    await clock.advance(1);

    assert.deepEqual(refused.error.metadata, { limit: 'tenants', retryAfterMs: '250' });
    assert.deepEqual([tooEarly.admitted, limit.acquire(ofTenant('a')).admitted], [false, true]);
  });

  it('lets calls without a key pass, or shares one limit between them', () => {
    const passing = limitBy({ limit: 2 }).limit;
    const sharing = limitBy({ limit: 2, withoutKey: 'share' }).limit;

    assert.deepEqual([take(passing, '', 9), take(sharing, '', 9)], [9, 2]);
    assert.equal(take(sharing, 'a', 9), 2);
  });

  it('takes back what somebody else refused, and counts the cost', () => {
    const { limit } = limitBy({ limit: 5 });
    limit.acquire(ofTenant('a'), 5);

    limit.giveBack(ofTenant('a'), 2);

    assert.equal(take(limit, 'a', 9), 2);
    assert.equal(limit.acquire(ofTenant('b'), 6).admitted, false);
    assert.equal(take(limit, 'b', 9), 5);
  });

  it('says how much is left to that key', () => {
    const { limit } = limitBy({ limit: 4, windowMs: 1_000, tell: true });
    take(limit, 'b', 4);

    const [first, other] = [limit.acquire(ofTenant('a')).quota, limit.acquire(ofTenant('b')).quota];

    assert.deepEqual(first, { policy: 'tenants', limit: 4, windowMs: 1_000, remaining: 3, resetMs: 250 });
    assert.deepEqual(other, { policy: 'tenants', limit: 4, windowMs: 1_000, remaining: 0, resetMs: 1_000 });
  });

  it('keeps what was used when it is changed, the number of keys too', () => {
    const { limit } = limitBy({ limit: 10, maxKeys: 1_000 });
    const names = Array.from({ length: 800 }, (_, i) => `tenant-${i}`);
    for (const name of names) take(limit, name, 8);

    limit.configure({ limit: 12, maxKeys: 4_000 });
    const left = names.map((name) => take(limit, name, 20));
    limit.configure({ limit: 3 });

    assert.ok(left.every((calls) => calls === 4));
    assert.equal(take(limit, 'tenant-7', 1), 0);
    assert.equal(take(limit, 'new', 9), 3);
    assert.equal(limit.snapshot().maxKeys, 4_000);
  });

  it('refuses options out of their range', () => {
    for (const maxKeys of [0, 7, 1.5, 1e9]) {
      assert.throws(() => limitBy({ limit: 1, maxKeys }), /keyedLimiter: maxKeys is .*; give a whole number from 8 to/);
    }
    assert.throws(() => limitBy({ limit: 0 }), /keyedLimiter: limit is 0/);
    assert.throws(() => limitBy({ limit: 1 }).limit.configure({ maxKeys: 1 }), RangeError);
  });

  it('decides as one that forgets nobody, while there is room', () => {
    const rate = fc.record({ limit: fc.integer({ min: 1, max: 9 }), windowMs: fc.integer({ min: 1, max: 5_000 }) });
    const call = fc.record({ key: fc.nat({ max: 60 }), afterMs: fc.nat({ max: 40 }) });

    fc.assert(
      fc.property(rate, fc.array(call, { maxLength: 400 }), fc.nat(), ({ limit, windowMs }, calls, seed) => {
        let now = 0;
        const never = { stop: () => false };
        const clock = { now: () => now, after: () => never, at: () => never };
        const made = keyedLimiter({
          name: 'a',
          limit,
          windowMs,
          key: byTenant,
          maxKeys: 200,
          seed: [seed, 7],
          clock,
        });
        const plain = new PlainKeys({ limit, windowMs, burst: limit });

        for (const { key, afterMs } of calls) {
          now += afterMs;
          assert.equal(made.acquire(ofTenant(`k${key}`)).admitted, plain.acquire(`k${key}`, now));
        }
        assert.equal(made.evicted, 0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('more keys than places', () => {
  it('keeps the hot ones when a stranger sends a hundred times as many', async () => {
    const { limit, clock } = limitBy({ limit: 100, windowMs: 3_600_000, maxKeys: 1_000 });
    const hot = Array.from({ length: 200 }, (_, i) => `hot-${i}`);
    for (const name of hot) take(limit, name, 90);

    for (let i = 0; i < 100_000; i++) limit.acquire(ofTenant(`stranger-${i}`));
    await clock.advance(1);

    const left = hot.map((name) => take(limit, name, 100));
    assert.deepEqual([Math.min(...left), Math.max(...left)], [10, 10]);
    assert.ok(limit.evicted > 90_000, `${limit.evicted}`);
  });

  it('forgets without loss a key whose limit is unused again', async () => {
    const { limit, clock } = limitBy({ limit: 10, windowMs: 1_000, maxKeys: 1_000, seed: [1, 2] });
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 800; i++) take(limit, `${round}-${i}`, 1);
      await clock.advance(100);
    }

    assert.equal(limit.evicted, 0);
  });

  it('holds a million keys with their limits, in 21 bytes each', () => {
    const before = process.memoryUsage().arrayBuffers;
    const { limit } = limitBy({ limit: 1, windowMs: 3_600_000, maxKeys: 1_000_000, seed: [1, 2] });
    const taken = process.memoryUsage().arrayBuffers - before;

    let first = 0;
    for (let i = 0; i < 1_000_000; i++) first += take(limit, `tenant-${i}`, 1);
    let again = 0;
    for (let i = 0; i < 1_000_000; i += 20) again += take(limit, `tenant-${i}`, 1);

    assert.equal(first, 1_000_000);
    assert.ok(taken < 21_000_000, `${taken} bytes`);
    // Who finds both of its buckets taken makes another key begin anew: next to nobody.
    assert.ok(again < 50, `${again} of 50,000 passed twice`);
    assert.ok(limit.evicted < 300, `${limit.evicted} had to make room`);
  });
});

function limitBy(options: Omit<KeyedLimiterOptions, 'name' | 'key' | 'clock'>) {
  const clock = virtualClock();
  return { clock, limit: keyedLimiter({ name: 'tenants', key: byTenant, clock, ...options }) };
}

function take(limit: KeyedLimit, tenant: string, calls: number): number {
  const head = ofTenant(tenant);
  let admitted = 0;
  for (let i = 0; i < calls; i++) if (limit.acquire(head).admitted) admitted++;
  return admitted;
}
