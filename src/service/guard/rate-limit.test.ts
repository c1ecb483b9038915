import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallHead, defaultFields, type QuotaState, withFields, withTransport } from '../../call/index.ts';
import { background, rootContext } from '../../concurrency/index.ts';
import {
  allOf,
  byAddress,
  byMethod,
  byTenant,
  gcra,
  inFlightLimit,
  keyedLimiter,
  slidingWindow,
} from '../../guard/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { measured, methodOf } from './guard.fixture.ts';
import { liveGuard, withGuardSettings } from './live-guard.ts';
import { rateLimit } from './rate-limit.ts';

const answer = async () => 'done';

describe('rateLimit', () => {
  it('refuses with what the limit said', async () => {
    const clock = virtualClock();
    const { middleware } = rateLimit(gcra({ name: 'reads', limit: 2, windowMs: 1_000, clock }));
    const call = middleware(answer, methodOf());

    const answers = [await call(background(), {}), await call(background(), {})];

    assert.deepEqual(answers, ['done', 'done']);
    await assert.rejects(call(background(), {}), {
      code: 'resource_exhausted',
      reason: 'RATE_LIMITED',
      metadata: { limit: 'reads', retryAfterMs: '500' },
    });
  });

  it('sees the tenant of the call, its method and the address of its transport', async () => {
    const clock = virtualClock();
    const options = { name: 'a', limit: 1, clock };
    const ctx = withFields(background(), { tenant: 'acme' });
    const near = withTransport(ctx, { transport: 'test', address: '192.0.2.1', tell: () => {} });
    for (const key of [byTenant, byAddress, byMethod]) {
      const { middleware } = rateLimit(keyedLimiter({ ...options, key }));

      await middleware(answer, methodOf())(near, {});

      await assert.rejects(middleware(answer, methodOf())(near, {}), { reason: 'RATE_LIMITED' });
    }
    const { middleware } = rateLimit(keyedLimiter({ ...options, key: byMethod }));
    await middleware(answer, methodOf({ method: 'A' }))(near, {});
    assert.equal(await middleware(answer, methodOf({ method: 'B' }))(near, {}), 'done');
  });

  it('leaves other methods alone', async () => {
    const limit = gcra({ name: 'a', limit: 1, clock: virtualClock() });
    const { middleware } = rateLimit(limit, { methods: ['live.room.v1.RoomService/GetRoom', 'POST /v1/rooms'] });

    const limited = [methodOf(), methodOf({ method: 'POST /v1/rooms', transport: 'http' })];
    const free = methodOf({ method: 'OpenRoom' });

    for (const method of limited) assert.notEqual(middleware(answer, method), answer);
    assert.equal(middleware(answer, free), answer);
    const byKind = rateLimit(limit, { methods: ({ kind }) => kind !== 'unary' });
    assert.equal(byKind.middleware(answer, free), answer);
  });

  it('tells the caller how much is left, also when it refuses', async () => {
    const told: QuotaState[] = [];
    const ctx = withTransport(background(), {
      transport: 'test',
      address: undefined,
      tell: (quota) => void told.push(quota),
    });
    const { middleware } = rateLimit(gcra({ name: 'a', limit: 1, tell: true, clock: virtualClock() }));
    const call = middleware(answer, methodOf());

    await call(ctx, {});
    await assert.rejects(call(ctx, {}));

    assert.deepEqual(
      told.map(({ policy, remaining }) => [policy, remaining]),
      [
        ['a', 0],
        ['a', 0],
      ],
    );
  });

  it('holds a permit until the call has ended, and a stream until it is read or its Context ends', async () => {
    const limit = inFlightLimit({ name: 'a', limit: 10 });
    const { middleware } = rateLimit(limit);
    const used = () => limit.snapshot().used;
    async function* numbers() {
      yield 1;
      yield 2;
    }
    const method = methodOf({ kind: 'server_stream' });

    const failing = middleware(async () => Promise.reject(new TypeError('no')), methodOf());
    await assert.rejects(failing(background(), {}), TypeError);
    const afterFailure = used();
    const read = await middleware(async () => numbers(), method)(background(), {});
    const during = used();
    for await (const _ of read) break;
    const afterLeaving = used();
    using ctx = background().withCancel();
    await middleware(async () => numbers(), method)(ctx, {});
    ctx.cancel();

    assert.deepEqual([afterFailure, during, afterLeaving, used()], [0, 1, 0, 0]);
  });

  it('admits before anything is parsed, at the cost of the call', () => {
    const { telemetry, lines } = measured(background());
    const limit = gcra({ name: 'bytes', limit: 1_000, clock: virtualClock() });
    const cost = ({ sizeBytes = 1 }: CallHead) => Math.max(1, sizeBytes);
    const { admit } = rateLimit(limit, { cost, metrics: telemetry.metrics });
    const head = { service: 'files', method: 'PUT /:name', timeoutMs: undefined, fields: defaultFields };

    const decisions = [600, 600, 399, 0].map((sizeBytes) => admit({ ...head, sizeBytes }).admitted);

    assert.deepEqual(decisions, [true, false, true, true]);
    assert.deepEqual(lines('guard_decisions_total'), [
      'guard_decisions_total{guard="limit",name="bytes",priority="default",decision="admitted"} 3',
      'guard_decisions_total{guard="limit",name="bytes",priority="default",decision="rate_limited"} 1',
    ]);
  });

  it('counts decisions, by the limit that refused, and the keys that had to make room', async () => {
    const clock = virtualClock();
    const { ctx, lines } = measured(rootContext(clock));
    const keyed = keyedLimiter({ name: 'tenants', limit: 5, windowMs: 60_000, key: byTenant, maxKeys: 8, clock });
    const all = allOf('both', [keyed, gcra({ name: 'whole', limit: 40, windowMs: 60_000, clock })]);
    const both = rateLimit(all).middleware(answer, methodOf());
    const one = rateLimit(keyed).middleware(answer, methodOf());

    for (let i = 0; i < 50; i++) {
      await both(withFields(ctx, { tenant: `t${i}`, priority: 'sheddable' }), {}).catch(() => {});
    }
    await one(withFields(ctx, { tenant: 'x' }), {});
    const before = keyed.evicted;
    for (let i = 0; i < 30; i++) await one(withFields(ctx, { tenant: `u${i}` }), {});

    assert.deepEqual(lines('guard_decisions_total'), [
      'guard_decisions_total{guard="limit",name="both",priority="sheddable",decision="admitted"} 40',
      'guard_decisions_total{guard="limit",name="tenants",priority="default",decision="admitted"} 31',
      'guard_decisions_total{guard="limit",name="whole",priority="sheddable",decision="rate_limited"} 10',
    ]);
    assert.deepEqual(lines('guard_limit_evicted_total'), [
      `guard_limit_evicted_total{name="tenants"} ${keyed.evicted - before}`,
    ]);
  });

  it('follows the configuration for the name of the limit, and comes back to what the code says', async () => {
    const clock = virtualClock();
    const guard = liveGuard({ limits: { reads: { limit: 3 } } });
    const ctx = withGuardSettings(rootContext(clock), guard);
    const limit = gcra({ name: 'reads', limit: 1, windowMs: 1_000, clock });
    const whole = allOf('all', [gcra({ name: 'other', limit: 100, clock }), limit]);
    const call = rateLimit(whole).middleware(answer, methodOf());

    await call(ctx, {});
    await call(ctx, {});
    const configured = limit.settings;
    guard.configure({});

    assert.deepEqual(configured, { limit: 3, windowMs: 1_000, burst: undefined });
    assert.deepEqual(limit.settings, { limit: 1, windowMs: 1_000, burst: undefined });
    assert.throws(() => guard.configure({ limits: { reads: { limit: 0 } } }), /limit is 0/);
    assert.throws(
      () => guard.configure({ limits: { reads: { limt: 5 } } }),
      /reads has no "limt"; it has limit, windowMs/,
    );
    const window = slidingWindow({ name: 'window', limit: 1, clock });
    await rateLimit(window).middleware(answer, methodOf())(ctx, {});
    assert.throws(() => guard.configure({ limits: { window: { burst: 5 } } }), /window has no "burst"; it has limit/);
  });
});
