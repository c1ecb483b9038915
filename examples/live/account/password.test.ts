import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withFields } from 'flotilla/call';
import { background } from 'flotilla/concurrency';
import { scryptHasher } from './password.ts';

const ctx = background();

describe('scryptHasher', () => {
  it('takes the password that was hashed, and no other', async () => {
    const hasher = scryptHasher({ cost: 10 });
    const hash = await hasher.hash(ctx, 'correct horse');

    assert.equal(await hasher.verify(ctx, 'correct horse', hash), true);
    assert.equal(await hasher.verify(ctx, 'Correct horse', hash), false);
  });

  it('salts: the same password has another hash each time', async () => {
    const hasher = scryptHasher({ cost: 10 });

    assert.notEqual(await hasher.hash(ctx, 'correct horse'), await hasher.hash(ctx, 'correct horse'));
  });

  it('takes a password however its letters were composed', async () => {
    const hasher = scryptHasher({ cost: 10 });
    const hash = await hasher.hash(ctx, 'caf\u00e9 horse');

    assert.equal(await hasher.verify(ctx, 'cafe\u0301 horse', hash), true);
  });

  it('takes a hash of another cost', async () => {
    const hash = await scryptHasher({ cost: 10 }).hash(ctx, 'correct horse');

    assert.equal(await scryptHasher({ cost: 11 }).verify(ctx, 'correct horse', hash), true);
  });

  it('works as long where there is no account', async () => {
    const hasher = scryptHasher({ cost: 14 });
    const hash = await hasher.hash(ctx, 'correct horse');
    const timeOf = async (stored: string | undefined) => {
      const started = performance.now();
      await hasher.verify(ctx, 'wrong horse', stored);
      return performance.now() - started;
    };
    const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    const known: number[] = [];
    const unknown: number[] = [];

    for (let i = 0; i < 5; i++) {
      known.push(await timeOf(hash));
      unknown.push(await timeOf(undefined));
    }

    assert.ok(median(unknown) > median(known) / 2, `${median(unknown)} ms against ${median(known)} ms`);
    assert.equal(await hasher.verify(ctx, 'anything', undefined), false);
  });

  it('refuses what would wait too long, and lets the others through', async () => {
    const hasher = scryptHasher({ cost: 10, parallel: 1, maxQueued: 1 });

    const outcomes = await Promise.allSettled([1, 2, 3].map(() => hasher.hash(ctx, 'correct horse')));

    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.reason : 'done')),
      ['done', 'done', 'BULKHEAD_FULL'],
    );
    await hasher.hash(ctx, 'correct horse');
  });

  it('takes the next hash of another tenant before the rush of one', async () => {
    const hasher = scryptHasher({ cost: 10, parallel: 1 });
    const order: string[] = [];
    const hash = (tenant: string) =>
      hasher.hash(withFields(ctx, { tenant }), 'correct horse').then(() => order.push(tenant));

    await Promise.all([...['rush', 'rush', 'rush', 'rush'].map(hash), hash('calm')]);

    assert.ok(order.indexOf('calm') <= 2, order.join());
  });

  it('leaves the queue when the context ends', async () => {
    const hasher = scryptHasher({ cost: 12, parallel: 1, maxQueued: 1 });
    const first = hasher.hash(ctx, 'correct horse');
    const child = ctx.withCancel();

    const second = hasher.hash(child, 'correct horse');
    child.cancel();

    await assert.rejects(second, { code: 'canceled' });
    await first;
    await hasher.hash(ctx, 'correct horse');
  });
});
