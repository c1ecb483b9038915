import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gcra } from './gcra.ts';
import { headOf } from './heads.fixture.ts';
import { leakyBucket } from './leaky-bucket.ts';
import { slidingWindow } from './sliding-window.ts';
import { tokenBucket } from './token-bucket.ts';

const head = headOf();
/** Of a call, which the doubles may be off by. */
const tolerance = 0.01;

const rates = fc.record({
  limit: fc.integer({ min: 1, max: 50 }),
  windowMs: fc.integer({ min: 1, max: 10_000 }),
  burst: fc.integer({ min: 1, max: 80 }),
});
/** The process may be up for months. */
const starts = fc.constantFrom<number[]>(0, 12_345.678, 1e10);
const calls = fc.array(
  fc.record({ afterMs: fc.double({ min: 0, max: 3_000, noNaN: true }), cost: fc.integer({ min: 1, max: 4 }) }),
  { maxLength: 200 },
);

interface Call {
  readonly afterMs: number;
  readonly cost: number;
}
interface Admitted {
  readonly at: number;
  readonly cost: number;
}

for (const make of [tokenBucket, leakyBucket, gcra]) {
  describe(make.name, () => {
    it('admits in no stretch of time more than the burst and what the rate allows in it', () => {
      check(rates, calls, starts, ({ limit, windowMs, burst }, tried, start) => {
        const { clock, go } = clockFrom(start);
        const limiter = make({ name: 'a', limit, windowMs, burst, clock });

        const admitted = run(tried, go, (cost) => limiter.acquire(head, cost).admitted);

        admitted.forEach((first, i) => {
          let sum = 0;
          for (const { at, cost } of admitted.slice(i)) {
            sum += cost;
            const allowed = burst + ((at - first.at) * limit) / windowMs;
            assert.ok(sum <= allowed + tolerance, `${sum} calls in ${at - first.at} ms`);
          }
        });
      });
    });

    it('refuses only what would be too much, and admits it after the time that it said', () => {
      check(rates, calls, starts, ({ limit, windowMs, burst }, tried, start) => {
        const { clock, go } = clockFrom(start);
        const limiter = make({ name: 'a', limit, windowMs, burst, clock });
        let left = burst;
        let at = start;

        for (const { afterMs, cost } of tried) {
          go(afterMs);
          left = Math.min(burst, left + ((clock.now() - at) * limit) / windowMs);
          at = clock.now();
          const decision = limiter.acquire(head, cost);
          if (decision.admitted) {
            left -= cost;
            continue;
          }
          assert.ok(left < cost + tolerance, `refused ${cost} with ${left} left`);
          if (decision.retryAfterMs === undefined) {
            assert.ok(cost > burst);
            continue;
          }
          go(decision.retryAfterMs);
          left = Math.min(burst, left + ((clock.now() - at) * limit) / windowMs) - cost;
          at = clock.now();
          assert.ok(limiter.acquire(head, cost).admitted, 'refused after the time to wait');
        }
      });
    });
  });
}

describe('slidingWindow', () => {
  it('never counts more than the limit, by its own definition', () => {
    check(rates, calls, starts, ({ limit, windowMs }, tried, start) => {
      const { clock, go } = clockFrom(start);
      const limiter = slidingWindow({ name: 'a', limit, windowMs, clock });

      const admitted = run(tried, go, (cost) => limiter.acquire(head, cost).admitted);

      admitted.forEach(({ at }, i) => {
        const weighted = weigh(admitted.slice(0, i + 1), at, windowMs);
        assert.ok(weighted <= limit + tolerance, `${weighted} at ${at}`);
      });
    });
  });

  it('admits after the time that it said', () => {
    check(rates, calls, starts, ({ limit, windowMs }, tried, start) => {
      const { clock, go } = clockFrom(start);
      const limiter = slidingWindow({ name: 'a', limit, windowMs, clock });

      for (const { afterMs, cost } of tried) {
        go(afterMs);
        const decision = limiter.acquire(head, cost);
        if (decision.admitted || decision.retryAfterMs === undefined) continue;
        go(decision.retryAfterMs);
        assert.ok(limiter.acquire(head, cost).admitted, 'refused after the time to wait');
      }
    });
  });
});

describe('configure', () => {
  const rate = (limit: number) => ({ limit, windowMs: 1_000, burst: limit });
  /** By far, where the window stays. */
  const lowered: [ReturnType<typeof rate>, ReturnType<typeof rate>, number][] = [[rate(50), rate(5), 50]];
  for (const make of [tokenBucket, gcra, slidingWindow]) {
    it(`neither forgets nor invents calls (${make.name})`, () => {
      check(
        rates,
        rates,
        fc.nat({ max: 50 }),
        (before, after, tries) => {
          const { clock } = clockFrom(0);
          const limiter = make({ name: 'a', limit: before.limit, windowMs: before.windowMs, clock });
          for (let i = 0; i < tries; i++) limiter.acquire(head);
          const used = limiter.snapshot().used;

          limiter.configure({ limit: after.limit, windowMs: after.windowMs });

          const kept = limiter.snapshot().used;
          assert.ok(Math.abs(kept - Math.min(used, after.limit)) < tolerance, `${used} became ${kept}`);
        },
        lowered,
      );
    });
  }
});

function check<A, B, C>(
  a: fc.Arbitrary<A>,
  b: fc.Arbitrary<B>,
  c: fc.Arbitrary<C>,
  hold: (a: A, b: B, c: C) => void,
  examples: [A, B, C][] = [],
): void {
  fc.assert(fc.property(a, b, c, hold), { numRuns: 150, examples });
}

/** Sync, since these tests wait for nobody. */
function clockFrom(start: number) {
  let now = start;
  const never = { stop: () => false };
  return {
    clock: { now: () => now, after: () => never, at: () => never },
    go: (ms: number) => {
      now += ms;
    },
  };
}

function run(tried: readonly Call[], go: (ms: number) => void, acquire: (cost: number) => boolean): Admitted[] {
  const admitted: Admitted[] = [];
  let at = 0;
  for (const { afterMs, cost } of tried) {
    go(afterMs);
    at += afterMs;
    if (acquire(cost)) admitted.push({ at, cost });
  }
  return admitted;
}

/** The plain form: looks at every call that was admitted. */
function weigh(admitted: readonly Admitted[], at: number, windowMs: number): number {
  const startOf = Math.floor(at / windowMs) * windowMs;
  let current = 0;
  let previous = 0;
  for (const call of admitted) {
    if (call.at >= startOf) current += call.cost;
    else if (call.at >= startOf - windowMs) previous += call.cost;
  }
  return current + previous * (1 - (at - startOf) / windowMs);
}
