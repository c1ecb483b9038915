import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Permit, Rejection } from '../../call/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { gcra } from './gcra.ts';
import { headOf } from './heads.fixture.ts';
import { leakyBucket } from './leaky-bucket.ts';
import type { Limit } from './limiter.ts';
import type { BurstRate, Rate, RateOptions } from './rate-options.ts';
import { slidingWindow } from './sliding-window.ts';
import { tokenBucket } from './token-bucket.ts';

const head = headOf();

/** The leaky bucket with the burst that the others have by default. */
const algorithms: Readonly<Record<string, (options: RateOptions) => Limit<Rate>>> = {
  tokenBucket,
  leakyBucket: (options) => leakyBucket({ burst: options.limit, ...options }),
  slidingWindow,
  gcra,
};

for (const [name, make] of Object.entries(algorithms)) {
  describe(name, () => {
    it('admits the limit at once, refuses the next, and says after how long it would pass', async () => {
      const clock = virtualClock();
      const limit = make({ name: 'signup', limit: 5, windowMs: 1_000, clock });

      const first = take(limit, 5);
      const refused = refusal(limit.acquire(head));
      await clock.advance((refused.retryAfterMs ?? 0) - 1);
      const tooEarly = limit.acquire(head);
      await clock.advance(1);
      const inTime = limit.acquire(head);

      assert.equal(first, 5);
      assert.deepEqual([refused.error.code, refused.error.reason], ['resource_exhausted', 'RATE_LIMITED']);
      assert.equal(refused.error.metadata.retryAfterMs, String(refused.retryAfterMs));
      assert.equal(refused.error.message, 'the limit signup of 5 calls in 1000 ms is used up');
      assert.deepEqual([tooEarly.admitted, inTime.admitted], [false, true]);
    });

    it('admits all of it again after two windows without a call', async () => {
      const clock = virtualClock();
      const limit = make({ name: 'a', limit: 7, windowMs: 300, clock });
      take(limit, 7);

      await clock.advance(600);

      assert.equal(take(limit, 20), 7);
    });

    it('never lets a call pass that costs more than there ever is', () => {
      const limit = make({ name: 'a', limit: 5, clock: virtualClock() });

      const refused = refusal(limit.acquire(head, 6));

      assert.equal(refused.error.metadata.retryAfterMs, '-1');
      assert.equal(refused.retryAfterMs, undefined);
      assert.equal(take(limit, 9), 5);
    });

    it('counts the cost of a call', () => {
      const limit = make({ name: 'a', limit: 10, clock: virtualClock() });

      const decisions = [4, 4, 4, 2, 1].map((cost) => limit.acquire(head, cost).admitted);

      assert.deepEqual(decisions, [true, true, false, true, false]);
      for (const cost of [0, -1, Number.NaN]) assert.throws(() => limit.acquire(head, cost), RangeError);
    });

    it('takes back what somebody else refused', () => {
      const limit = make({ name: 'a', limit: 5, clock: virtualClock() });
      limit.acquire(head, 5);

      limit.giveBack(head, 2);

      assert.equal(take(limit, 9), 2);
      assert.equal(limit.snapshot().admitted, 2);
    });

    it('keeps what was used when it is changed', async () => {
      const clock = virtualClock();
      const limit = make({ name: 'a', limit: 10, windowMs: 1_000, clock });
      take(limit, 8);

      limit.configure(both(12));
      const raised = take(limit, 20);
      limit.configure(both(3));
      const lowered = take(limit, 1);
      await clock.advance(2_000);

      assert.deepEqual([raised, lowered], [4, 0]);
      assert.equal(take(limit, 20), 3);
      assert.equal(refusal(limit.acquire(head)).error.message, 'the limit a of 3 calls in 1000 ms is used up');
    });

    it('keeps what was used when its window is changed', () => {
      const limit = make({ name: 'a', limit: 10, windowMs: 1_000, clock: virtualClock() });
      take(limit, 8);

      limit.configure({ windowMs: 60_000 });

      assert.equal(take(limit, 20), 2);
      assert.ok((refusal(limit.acquire(head)).retryAfterMs ?? 0) > 1_000);
    });

    it('says how much is left where it shall', async () => {
      const clock = virtualClock();
      const limit = make({ name: 'signup', limit: 4, windowMs: 1_000, tell: true, clock });

      const first = limit.acquire(head).quota;
      take(limit, 3);
      const refused = limit.acquire(head).quota;
      await clock.advance(refused?.resetMs ?? 0);

      assert.deepEqual([first?.policy, first?.limit, first?.windowMs, first?.remaining], ['signup', 4, 1_000, 3]);
      assert.equal(refused?.remaining, 0);
      assert.equal(limit.acquire(head).quota?.remaining, 3);
    });

    it('shares the permit, and the rejection of one time to wait', () => {
      const limit = make({ name: 'a', limit: 2, clock: virtualClock() });

      const permits = [limit.acquire(head), limit.acquire(head)];
      const refused = [limit.acquire(head), limit.acquire(head)];

      assert.equal(permits[0], permits[1]);
      assert.equal(refused[0], refused[1]);
    });

    it('shows its state', () => {
      const limit = make({ name: 'a', limit: 2, windowMs: 500, clock: virtualClock() });

      take(limit, 5);

      const { algorithm: _, ...shown } = limit.snapshot();
      assert.deepEqual(shown, { name: 'a', limit: 2, windowMs: 500, used: 2, admitted: 2, refused: 3 });
    });

    it('refuses options out of their range, also at run time', () => {
      const clock = virtualClock();
      const limit = make({ name: 'a', limit: 2, clock });

      for (const bad of [0, -1, 1.5, Number.NaN, 2e9]) {
        assert.throws(() => make({ name: 'a', limit: bad, clock }), new RegExp(`${name}: limit is ${bad}`));
        assert.throws(() => limit.configure({ limit: bad }), RangeError);
      }
      for (const windowMs of [0, Number.POSITIVE_INFINITY]) {
        assert.throws(() => make({ name: 'a', limit: 1, windowMs, clock }), /windowMs is/);
      }
      for (const badName of ['', 'a b', '"']) assert.throws(() => make({ name: badName, limit: 1, clock }), /name is/);
      assert.equal(take(limit, 5), 2);
    });
  });
}

describe('a burst', () => {
  for (const make of [tokenBucket, leakyBucket, gcra]) {
    it(`may be larger or smaller than the limit (${make.name})`, async () => {
      const clock = virtualClock();
      const large = make({ name: 'a', limit: 10, windowMs: 1_000, burst: 30, clock });
      const small = make({ name: 'b', limit: 10, windowMs: 1_000, burst: 2, clock });

      const bursts = [take(large, 99), take(small, 99)];
      await clock.advance(1_000);

      assert.deepEqual(bursts, [30, 2]);
      assert.deepEqual([take(large, 99), take(small, 99)], [10, 2]);
    });

    it(`stays as it is when the limit is changed, and follows it if nobody gave one (${make.name})`, () => {
      const clock = virtualClock();
      const given = make({ name: 'a', limit: 4, burst: 4, clock });
      const followed = make({ name: 'b', limit: 4, clock });

      given.configure({ limit: 100 });
      followed.configure({ limit: 100 });

      assert.equal(take(given, 200), 4);
      assert.equal(take(followed, 200), make === leakyBucket ? 1 : 100);
    });
  }

  it('is 1 by default in a leaky bucket: calls come evenly', async () => {
    const clock = virtualClock();
    const limit = leakyBucket({ name: 'a', limit: 10, windowMs: 1_000, clock });

    const admitted: boolean[] = [];
    for (let ms = 0; ms < 300; ms += 50) {
      admitted.push(limit.acquire(head).admitted);
      await clock.advance(50);
    }

    assert.deepEqual(admitted, [true, false, true, false, true, false]);
  });
});

/** A leaky bucket has a burst of its own. */
function both(limit: number): Rate {
  const rate: BurstRate = { limit, burst: limit };
  return rate;
}

function take(limit: Limit<Rate>, calls: number): number {
  let admitted = 0;
  for (let i = 0; i < calls; i++) if (limit.acquire(head).admitted) admitted++;
  return admitted;
}

function refusal(decision: Permit | Rejection): Rejection {
  assert.ok(!decision.admitted, 'it was admitted');
  return decision;
}
