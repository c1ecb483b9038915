import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withFields } from '../../call/index.ts';
import { type Context, rootContext, sleep } from '../../concurrency/index.ts';
import { bulkhead, fairBulkhead, keyedLimiter, slowLane } from '../../guard/index.ts';
import { failOnLeaks, virtualClock } from '../../testing/index.ts';
import { guardDefaults } from '../defaults.ts';
import { fullName } from '../method.ts';
import { measured, methodOf } from './guard.fixture.ts';
import { isolate, isolateSlow } from './isolate.ts';
import { liveGuard, withGuardSettings } from './live-guard.ts';

failOnLeaks();

const lasting = (ms: number) => async (ctx: Context) => sleep(ctx, ms);

describe('isolate', () => {
  it('bounds a dependency over all of its methods, and counts', async () => {
    const clock = virtualClock();
    const { ctx, lines } = measured(rootContext(clock));
    const middleware = isolate(bulkhead({ name: 'mail', maxInFlight: 1, maxQueue: 1, clock }));
    const send = middleware(lasting(10), methodOf({ side: 'client' }));
    const list = middleware(lasting(10), methodOf({ side: 'client', method: 'List' }));

    const calls = [send(ctx, {}), list(ctx, {})];
    await assert.rejects(send(ctx, {}), { reason: 'BULKHEAD_FULL' });
    const during = [...lines('guard_bulkhead_in_flight'), ...lines('guard_bulkhead_queued')];
    await clock.advance(20);
    await Promise.all(calls);

    assert.deepEqual(during, ['guard_bulkhead_in_flight{name="mail"} 1', 'guard_bulkhead_queued{name="mail"} 1']);
    assert.deepEqual(lines('guard_decisions_total'), [
      'guard_decisions_total{guard="bulkhead",name="mail",priority="default",decision="admitted"} 2',
      'guard_decisions_total{guard="bulkhead",name="mail",priority="default",decision="bulkhead_full"} 1',
    ]);
    assert.deepEqual(lines('guard_bulkhead_in_flight'), ['guard_bulkhead_in_flight{name="mail"} 0']);
  });

  it('makes one for each method, or shares one between tenants', async () => {
    const clock = virtualClock();
    const ctx = rootContext(clock);
    const perMethod = isolate((method) => bulkhead({ name: fullName(method), maxInFlight: 1, maxQueue: 0, clock }));
    const one = perMethod(lasting(10), methodOf({ method: 'A' }));
    const other = perMethod(lasting(10), methodOf({ method: 'B' }));
    const shared = fairBulkhead({ name: 'pool', maxInFlight: 2, maxQueue: 2, maxQueuePerTenant: 1, clock });
    const fair = isolate(shared)(lasting(10), methodOf());
    const of = (tenant: string) => withFields(ctx, { tenant });

    const calls = [
      one(ctx, {}),
      other(ctx, {}),
      fair(of('a'), {}),
      fair(of('a'), {}),
      fair(of('a'), {}),
      fair(of('b'), {}),
    ];
    await assert.rejects(one(ctx, {}), { reason: 'BULKHEAD_FULL' });
    await assert.rejects(fair(of('a'), {}), { reason: 'BULKHEAD_FULL' });
    await clock.advance(20);

    await Promise.all(calls);
    assert.equal(shared.inFlight, 0);
  });

  it('gives the place back when the call fails, and when nobody reads its stream any more', async () => {
    const clock = virtualClock();
    const ctx = rootContext(clock);
    const made = bulkhead({ name: 'a', maxInFlight: 5, clock });
    const middleware = isolate(made);
    async function* numbers() {
      yield 1;
    }

    await assert.rejects(middleware(async () => Promise.reject(new TypeError('no')), methodOf())(ctx, {}), TypeError);
    const stream = await middleware(async () => numbers(), methodOf({ kind: 'server_stream' }))(ctx, {});
    const open = made.inFlight;
    for await (const _ of stream) break;

    assert.deepEqual([open, made.inFlight], [1, 0]);
  });
});

describe('the configuration', () => {
  it('has the defaults of the code in its file of defaults', () => {
    const { settings } = slowLane({ name: 'slow', maxInFlight: 1 });
    const keyed = keyedLimiter({ name: 'keyed', limit: 1, key: () => undefined });

    assert.partialDeepStrictEqual(settings, guardDefaults.isolation);
    assert.partialDeepStrictEqual(keyed.settings, guardDefaults.limits);
  });

  it('changes a bulkhead by its name', async () => {
    const clock = virtualClock();
    const guard = liveGuard({ isolation: { mail: { maxInFlight: 7 } } });
    const ctx = withGuardSettings(rootContext(clock), guard);
    const mail = bulkhead({ name: 'mail', maxInFlight: 1, clock });
    const call = isolate(mail)(async () => 'done', methodOf());

    await call(ctx, {});
    const configured = mail.settings.maxInFlight;
    guard.configure({});

    assert.deepEqual([configured, mail.settings.maxInFlight], [7, 1]);
  });

  it('is followed once it is right where it was wrong at the first call', async () => {
    const clock = virtualClock();
    const guard = liveGuard({ isolation: { mail: { maxInFlight: -1 } } });
    const ctx = withGuardSettings(rootContext(clock), guard);
    const mail = bulkhead({ name: 'mail', maxInFlight: 1, clock });
    const call = isolate(mail)(async () => 'done', methodOf());

    await call(ctx, {});
    guard.configure({ isolation: { mail: { maxInFlight: 7 } } });

    assert.equal(mail.settings.maxInFlight, 7);
  });
});

describe('isolateSlow', () => {
  it('keeps a slow method from occupying the server, and lets the others run freely', async () => {
    const clock = virtualClock();
    const ctx = rootContext(clock);
    const lane = slowLane({ name: 'slow', maxInFlight: 2, maxQueue: 3, maxWaitMs: 5_000, clock });
    const middleware = isolateSlow(lane);
    const methods = { report: 500, read: 5, list: 8 };
    const [report, read, list] = Object.entries(methods).map(([method, ms]) =>
      middleware(lasting(ms), methodOf({ method })),
    );
    for (let i = 0; i < 64; i++) {
      const calls = [report!(ctx, {}), read!(ctx, {}), list!(ctx, {})];
      await clock.advance(500);
      await Promise.all(calls);
    }

    const reports = Array.from({ length: 8 }, () =>
      report!(ctx, {}).then(
        () => 'done',
        (error) => error.reason,
      ),
    );
    const reads = Array.from({ length: 50 }, () => read!(ctx, {}));
    const occupied = lane.lane.inFlight;
    await clock.advance(5);
    await Promise.all(reads);
    for (let i = 0; i < 4; i++) await clock.advance(500);

    assert.deepEqual(
      lane.slowMethods().map(({ method }) => method),
      ['live.room.v1.RoomService/report'],
    );
    assert.equal(occupied, 2);
    assert.deepEqual(
      (await Promise.all(reports)).sort(),
      [...Array.from({ length: 3 }, () => 'BULKHEAD_FULL'), ...Array.from({ length: 5 }, () => 'done')].sort(),
    );
  });

  it('does not take a method for slow whose streams are read for long', async () => {
    const clock = virtualClock();
    const ctx = rootContext(clock);
    const lane = slowLane({ name: 'slow', maxInFlight: 1, clock });
    const middleware = isolateSlow(lane);
    async function* numbers() {
      yield 1;
    }
    const watch = middleware(async () => numbers(), methodOf({ method: 'Watch', kind: 'server_stream' }));
    const read = middleware(lasting(5), methodOf({ method: 'Read' }));

    for (let i = 0; i < 64; i++) {
      const [stream, done] = [await watch(ctx, {}), read(ctx, {})];
      await clock.advance(60_000);
      for await (const _ of stream);
      await done;
    }

    assert.deepEqual(lane.slowMethods(), []);
  });
});
