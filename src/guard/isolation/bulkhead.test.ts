import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Context, rootContext } from '../../concurrency/index.ts';
import { failOnLeaks, virtualClock } from '../../testing/index.ts';
import { type Bulkhead, type BulkheadPermit, bulkhead } from './bulkhead.ts';
import type { BulkheadSettings } from './bulkhead-options.ts';

failOnLeaks();

describe('bulkhead', () => {
  it('gives a place at once where there is one, and the next when one is released', async () => {
    const { made, ctx } = bulkheadOf({ maxInFlight: 2 });
    const first = made.acquire(ctx);
    const second = made.acquire(ctx);

    const third = made.acquire(ctx);
    const waiting = [made.inFlight, made.queued];
    release(first);
    const permit = await third;

    assert.ok(!(first instanceof Promise) && !(second instanceof Promise) && third instanceof Promise);
    assert.deepEqual(waiting, [2, 1]);
    permit.release();
    permit.release();
    release(second);
    assert.deepEqual([made.inFlight, made.queued], [0, 0]);
  });

  it('refuses at once when as many wait as may', async () => {
    const { made, ctx } = bulkheadOf({ maxInFlight: 1, maxQueue: 1 });
    const first = made.acquire(ctx);
    const second = made.acquire(ctx);

    assert.throws(() => made.acquire(ctx), {
      code: 'resource_exhausted',
      reason: 'BULKHEAD_FULL',
      message: 'mail: 1 calls run, and as many of 1 wait as may',
    });

    release(first);
    (await second).release();
    assert.equal(made.snapshot().refused, 1);
  });

  it('refuses one that waited for the longest that it may, and gives its place to nobody', async () => {
    const { made, ctx, clock } = bulkheadOf({ maxInFlight: 1, maxWaitMs: 300 });
    const first = made.acquire(ctx);

    const second = assert.rejects(async () => made.acquire(ctx), {
      reason: 'BULKHEAD_FULL',
      message: 'mail: no place came free in 300 ms',
    });
    await clock.advance(300);
    await second;

    release(first);
    assert.deepEqual([made.inFlight, made.queued], [0, 0]);
    assert.equal(clock.pending, 0);
  });

  it('lets one go whose Context ends, also one in the middle', async () => {
    const { made, ctx } = bulkheadOf({ maxInFlight: 1 });
    const first = made.acquire(ctx);
    const order: string[] = [];
    using gone = ctx.withCancel();
    const second = note(made.acquire(ctx), order, 'second');
    const third = assert.rejects(async () => made.acquire(gone), { code: 'canceled' });
    const fourth = note(made.acquire(ctx), order, 'fourth');

    gone.cancel();
    await third;
    const queued = made.queued;
    release(first);
    (await second).release();
    (await fourth).release();

    assert.equal(queued, 2);
    assert.deepEqual(order, ['second', 'fourth']);
    assert.equal(made.inFlight, 0);
  });

  it('passes a place on that came in the moment in which its owner gave up', async () => {
    const { made, ctx } = bulkheadOf({ maxInFlight: 1 });
    const first = made.acquire(ctx);
    using gone = ctx.withCancel();
    const second = assert.rejects(async () => made.acquire(gone), { code: 'canceled' });
    const third = made.acquire(ctx);

    gone.cancel();
    release(first);
    await second;
    (await third).release();

    assert.deepEqual([made.inFlight, made.queued], [0, 0]);
  });

  it('serves the oldest first while the queue moves, and the newest once it stands', async () => {
    const { made, ctx, clock } = bulkheadOf({ maxInFlight: 1, newestFirstAfterMs: 100, maxWaitMs: 10_000 });
    const order: string[] = [];
    let held: BulkheadPermit | Promise<BulkheadPermit> = made.acquire(ctx);
    const calls = ['a', 'b', 'c', 'd', 'e'].map((name) => note(made.acquire(ctx), order, name));

    await clock.advance(50);
    release(held);
    held = await calls[0]!;
    const wasNewestFirst = made.snapshot().isNewestFirst;
    await clock.advance(51);
    const late = note(made.acquire(ctx), order, 'late');
    held.release();
    (await late).release();
    await Promise.all(calls.slice(1).map(async (call) => (await call).release()));

    assert.equal(wasNewestFirst, false);
    assert.deepEqual(order, ['a', 'late', 'e', 'd', 'c', 'b']);
  });

  it('refuses at once whose deadline ends before it is its turn', async () => {
    const { made, ctx, clock } = bulkheadOf({ maxInFlight: 2 });
    for (let i = 0; i < 50; i++) await hold(made, ctx, clock, 100);
    const held = [made.acquire(ctx), made.acquire(ctx)];
    const waiting = [made.acquire(ctx), made.acquire(ctx)];
    using hurried = ctx.withTimeout(140);
    using patient = ctx.withTimeout(160);

    const refused = () => made.acquire(hurried);
    assert.throws(refused, {
      code: 'deadline_exceeded',
      reason: 'DEADLINE_TOO_SHORT',
      message: 'mail: 140 ms are left, and a place is expected in 150 ms',
    });
    const last = made.acquire(patient);

    for (const permit of held) release(permit);
    for (const permit of [...waiting, last]) (await permit).release();
    assert.equal(made.inFlight, 0);
  });

  it('lets a call wait after one that held its place for an hour', async () => {
    const { made, ctx, clock } = bulkheadOf({ maxInFlight: 1, maxWaitMs: 1_000 });
    await hold(made, ctx, clock, 3_600_000);
    const held = made.acquire(ctx);
    using patient = ctx.withTimeout(5_000);

    const next = made.acquire(patient);
    release(held);

    (await next).release();
    assert.equal(made.inFlight, 0);
  });

  it('takes new settings while calls run and wait', async () => {
    const { made, ctx } = bulkheadOf({ maxInFlight: 1, maxQueue: 10 });
    const calls = [1, 2, 3, 4].map(() => made.acquire(ctx));

    made.configure({ maxInFlight: 3 });
    const raised = [made.inFlight, made.queued];
    made.configure({ maxInFlight: 1, maxQueue: 1 });
    release(calls[0]!);
    (await calls[1]!).release();
    const lowered = [made.inFlight, made.queued];
    (await calls[2]!).release();
    (await calls[3]!).release();

    assert.deepEqual(
      [raised, lowered],
      [
        [3, 1],
        [1, 1],
      ],
    );
    assert.throws(() => made.configure({ maxInFlight: 0 }), /bulkhead: maxInFlight is 0; give a whole number from 1/);
    assert.throws(() => made.configure({ maxWaitMs: Number.NaN }), /maxWaitMs is NaN/);
    assert.throws(() => bulkhead({ name: '', maxInFlight: 1 }), /name has 0 characters/);
  });
});

function bulkheadOf(settings: BulkheadSettings) {
  const clock = virtualClock();
  return { clock, ctx: rootContext(clock), made: bulkhead({ name: 'mail', clock, ...settings }) };
}

async function hold(made: Bulkhead, ctx: Context, clock: ReturnType<typeof virtualClock>, ms: number): Promise<void> {
  using _ = await made.acquire(ctx);
  await clock.advance(ms);
}

function release(permit: BulkheadPermit | Promise<BulkheadPermit>): void {
  assert.ok(!(permit instanceof Promise), 'it waits');
  permit.release();
}

async function note(
  permit: BulkheadPermit | Promise<BulkheadPermit>,
  order: string[],
  name: string,
): Promise<BulkheadPermit> {
  const given = await permit;
  order.push(name);
  return given;
}
