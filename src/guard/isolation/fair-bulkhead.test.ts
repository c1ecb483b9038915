import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { withFields } from '../../call/index.ts';
import { type Awaitable, type Context, go, rootContext, sleep } from '../../concurrency/index.ts';
import { failOnLeaks, virtualClock } from '../../testing/index.ts';
import type { BulkheadPermit } from './bulkhead.ts';
import { type FairBulkheadOptions, fairBulkhead } from './fair-bulkhead.ts';

failOnLeaks();

describe('fairBulkhead', () => {
  it('lets one tenant alone use everything, and gives the next free place to one who has none', async () => {
    const { made, of } = fairOf({ maxInFlight: 4, maxQueue: 100 });
    const held = Array.from({ length: 4 }, () => made.acquire(of('greedy')));
    const waiting = Array.from({ length: 10 }, () => made.acquire(of('greedy')));

    const modest = made.acquire(of('modest'));
    (await held[0]!).release();
    const permit = await modest;

    assert.deepEqual(made.snapshot().tenants, [
      { tenant: 'greedy', inFlight: 3, queued: 10 },
      { tenant: 'modest', inFlight: 1, queued: 0 },
    ]);
    permit.release();
    for (const call of [...held, ...waiting]) (await call).release();
    assert.deepEqual(made.snapshot().tenants, []);
  });

  it('shares places equally, though one asks for ten times as much and for ten times as long', async () => {
    const { made, of, ctx, clock } = fairOf({
      maxInFlight: 16,
      maxQueue: 400,
      maxQueuePerTenant: 100,
      maxWaitMs: 60_000,
    });
    const heldMs = new Map<string, number>();
    const tenants = Array.from({ length: 8 }, (_, i) => `t${i}`);
    using life = ctx.withTimeout(60_000);
    const callers = tenants.flatMap((tenant, i) =>
      Array.from({ length: i === 0 ? 40 : 4 }, () => go(life, (task) => callAgain(task, tenant, i === 0 ? 200 : 20))),
    );
    async function callAgain(task: Context, tenant: string, durationMs: number): Promise<void> {
      while (task.err() === undefined) {
        using _ = await made.acquire(withFields(task, { tenant }));
        const since = clock.now();
        await sleep(task, durationMs).catch(() => {});
        heldMs.set(tenant, (heldMs.get(tenant) ?? 0) + clock.now() - since);
      }
    }

    for (let ms = 0; ms < 4_000; ms += 20) await clock.advance(20);
    life.cancel();
    await Promise.allSettled(callers.map((caller) => caller.wait(of(''))));

    const index = jain(tenants.map((tenant) => heldMs.get(tenant) ?? 0));
    assert.ok(index >= 0.98, `Jain index ${index} of ${JSON.stringify([...heldMs])}`);
    assert.deepEqual([made.inFlight, made.queued], [0, 0]);
  });

  it('bounds the queue of one tenant, so that there is room for the others', async () => {
    const { made, of } = fairOf({ maxInFlight: 1, maxQueue: 6, maxQueuePerTenant: 4 });
    const greedy = Array.from({ length: 5 }, () => made.acquire(of('greedy')));

    assert.throws(() => made.acquire(of('greedy')), { reason: 'BULKHEAD_FULL' });
    const others = [made.acquire(of('b')), made.acquire(of('c'))];
    assert.throws(() => made.acquire(of('d')), { reason: 'BULKHEAD_FULL' });

    (await greedy[0]!).release();
    await Promise.all([...others, ...greedy.slice(1)].map(async (call) => (await call).release()));
    assert.deepEqual(made.snapshot().tenants, []);
  });

  it("keeps a tenant's part of the queue as it was given, and without one at half of the queue", () => {
    const { made } = fairOf({ maxInFlight: 1, maxQueue: 6, maxQueuePerTenant: 1 });
    const { made: following, of } = fairOf({ maxInFlight: 1, maxQueue: 2 });

    made.configure({ maxQueue: 10 });
    following.configure({ ...following.settings, maxQueue: 6 });

    assert.equal(made.settings.maxQueuePerTenant, 1);
    assert.equal(following.settings.maxQueuePerTenant, undefined);
    const calls = Array.from({ length: 4 }, () => following.acquire(of('a')));
    assert.throws(() => following.acquire(of('a')), { reason: 'BULKHEAD_FULL' });
    return releaseAll(calls);
  });

  it('takes turns between tenants that hold the same', async () => {
    const { made, of } = fairOf({ maxInFlight: 1, maxQueue: 100 });
    const first = made.acquire(of('x'));
    const order: string[] = [];
    const calls = ['a', 'a', 'a', 'b', 'b', 'c'].map(async (tenant) => {
      using _ = await made.acquire(of(tenant));
      order.push(tenant);
    });

    (await first).release();
    await Promise.all(calls);

    assert.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('neither loses nor invents a place, whatever calls come, end and give up', async () => {
    const step = fc.record({
      what: fc.constantFrom('acquire', 'acquire', 'release', 'cancel', 'advance', 'configure'),
      tenant: fc.constantFrom('a', 'b', 'c'),
      n: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { made, of, ctx, clock } = fairOf({ maxInFlight: 2, maxQueue: 8, maxWaitMs: 50 });
        let max = 2;
        const held: Disposable[] = [];
        const waiting: { cancel(): void; ended: Promise<unknown> }[] = [];
        for (const { what, tenant, n } of steps) {
          if (what === 'acquire') {
            const own = of(tenant, ctx.withTimeout(30 * n));
            const ended = (async () => held.push(await made.acquire(own)))().catch(() => {});
            waiting.push({ cancel: () => own.cancel(), ended });
          } else if (what === 'release') held.shift()?.[Symbol.dispose]();
          else if (what === 'cancel') waiting.splice(n - 1, 1)[0]?.cancel();
          else if (what === 'advance') await clock.advance(10 * n);
          else {
            max = n;
            made.configure({ maxInFlight: n });
          }
          assert.ok(made.queued === 0 || made.inFlight >= max, 'one waits beside a free place');
          assert.ok(made.queued <= 8);
        }
        await clock.advance(1_000);
        for (const permit of held) permit[Symbol.dispose]();
        for (const { cancel } of waiting) cancel();
        assert.deepEqual([made.inFlight, made.queued, made.snapshot().tenants], [0, 0, []]);
        assert.equal(clock.pending, 0);
      }),
      { numRuns: 60 },
    );
  });
});

function fairOf(options: Omit<FairBulkheadOptions, 'name'>) {
  const clock = virtualClock();
  const ctx = rootContext(clock);
  return {
    clock,
    ctx,
    made: fairBulkhead({ name: 'reports', clock, ...options }),
    of: (tenant: string, parent: Context = ctx) => withFields(parent, { tenant }).withCancel(),
  };
}

async function releaseAll(permits: readonly Awaitable<BulkheadPermit>[]): Promise<void> {
  for (const permit of permits) (await permit).release();
}

/** 1: all have the same; 1 / n: one has all. */
function jain(values: readonly number[]): number {
  const sum = values.reduce((a, b) => a + b, 0);
  return sum ** 2 / (values.length * values.reduce((a, b) => a + b * b, 0));
}
