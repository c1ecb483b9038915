import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StatusError } from '../../errors/index.ts';
import { hedgePolicy } from './hedge-policy.ts';
import { LatencyQuantile } from './latency-quantile.ts';
import { retryBudget } from './retry-budget.ts';
import { type FailedTry, retryPolicy } from './retry-policy.ts';
import { markUnsent } from './unsent.ts';

const unavailable = new StatusError('unavailable', 'down');
const base: FailedTry = {
  error: unavailable,
  attempt: 1,
  isRetry: false,
  idempotent: true,
  remainingMs: 5_000,
  typicalMs: 10,
};
const pushedBack = (code: 'unavailable' | 'resource_exhausted', retryAfterMs: string) =>
  new StatusError(code, 'later', { metadata: { retryAfterMs } });
const refused = (retryAfterMs: string) => markUnsent(pushedBack('resource_exhausted', retryAfterMs), 'server');
const notSent = () => markUnsent(new StatusError('unavailable', 'no connection'), 'transport');

describe('a failed call', () => {
  const policy = retryPolicy({ random: () => 0.5 });
  const cases: readonly [string, Partial<FailedTry>, number | string][] = [
    ['of an idempotent method is tried again after half of 25 ms', {}, 12.5],
    ['waits twice as long the second time', { attempt: 2 }, 25],
    ['has three tries', { attempt: 3 }, 'attempts'],
    ['that may have run is not tried again where that is not safe', { idempotent: false }, 'unsafe'],
    ['that is itself a retry is not retried below', { isRetry: true }, 'nested'],
    ['with an error of the application has its answer', { error: new StatusError('not_found', 'no') }, 'permanent'],
    ['whose time is up is not repeated', { error: new StatusError('deadline_exceeded', 'late') }, 'permanent'],
    ['that its caller cancelled is not repeated', { error: new StatusError('canceled', 'left') }, 'permanent'],
    ['waits as long as the server asks, and a bit', { error: pushedBack('unavailable', '300') }, 312.5],
    ['is not repeated against the server’s word', { error: pushedBack('unavailable', '-1') }, 'push_back'],
    ['waits no longer than the longest wait', { error: pushedBack('unavailable', '1001') }, 'push_back'],
    ['is not repeated when the server says nonsense', { error: pushedBack('unavailable', 'soon') }, 'push_back'],
    ['over a limit comes back when told to', { error: pushedBack('resource_exhausted', '40') }, 52.5],
    ['that a server refused before any work is safe', { error: refused('40'), idempotent: false }, 52.5],
    ['that was not sent goes elsewhere at once, for free', { error: notSent(), idempotent: false }, 0],
    ['that was not sent does so below a retry too', { error: notSent(), isRetry: true }, 0],
    ['that was not sent twice waits and pays', { error: notSent(), attempt: 2 }, 25],
    ['stops where wait and answer come too late', { remainingMs: 20, typicalMs: 10 }, 'too_late'],
    ['is tried where they do not', { remainingMs: 23, typicalMs: 10 }, 12.5],
  ];
  for (const [title, change, expected] of cases) {
    test(title, () => {
      const verdict = policy.decide({ ...base, ...change });

      assert.equal(verdict.retry ? verdict.waitMs : verdict.why, expected);
      if (verdict.retry) assert.equal(verdict.isFree, verdict.waitMs === 0);
    });
  }
});

test('the wait is anything from 0 to a bound that doubles up to the longest', () => {
  const longest = retryPolicy({ maxAttempts: 10, baseMs: 100, maxWaitMs: 300, random: () => 0.999_999 });

  const waits = [1, 2, 3, 4].map((attempt) => longest.decide({ ...base, attempt }));

  assert.deepEqual(
    waits.map((verdict) => (verdict.retry ? Math.round(verdict.waitMs) : verdict.why)),
    [100, 200, 300, 300],
  );
});

describe('the budget', () => {
  test('over any stretch of calls it pays its share and the reserve at most', () => {
    const shares = fc.double({ min: 0, max: 1, noNaN: true });
    const steps = fc.array(fc.boolean(), { maxLength: 2_000 });
    fc.assert(
      fc.property(shares, fc.integer({ min: 0, max: 20 }), steps, fc.nat(), (share, reserve, calls, from) => {
        const budget = retryBudget({ share, reserve });
        let [deposits, paid] = [0, 0];
        for (const [at, isCall] of calls.entries()) {
          if (isCall) budget.deposit();
          const isPaid = !isCall && budget.withdraw();
          if (at < from % 1_000) continue;
          if (isCall) deposits++;
          if (isPaid) paid++;
        }
        assert.ok(paid <= reserve + share * deposits + 0.001, `${paid} paid for ${deposits} calls`);
      }),
    );
  });

  test('lets a back end that fails altogether be asked 1.1 times as often', () => {
    const budget = retryBudget();
    const policy = retryPolicy();
    let sent = 0;
    for (let call = 0; call < 10_000; call++) {
      budget.deposit();
      for (let attempt = 1; ; attempt++) {
        sent++;
        if (!policy.decide({ ...base, attempt }).retry || !budget.withdraw()) break;
      }
    }

    assert.ok(sent >= 10_900 && sent <= 11_010, `${sent} calls`);
  });

  test('can be changed while it runs, and keeps no more than its reserve', () => {
    const budget = retryBudget({ share: 0.5, reserve: 4 });
    budget.configure({ reserve: 1 });

    assert.deepEqual([budget.withdraw(), budget.withdraw()], [true, false]);
    assert.throws(() => budget.configure({ share: 2 }), RangeError);
  });
});

describe('the learned quantile', () => {
  test('is at most 8 % too high and never too low', () => {
    const values = fc.array(fc.double({ min: 0.1, max: 60_000, noNaN: true }), { minLength: 20, maxLength: 400 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.9, 0.95, 0.99), (latencies, share) => {
        const quantile = new LatencyQuantile(share);
        for (const ms of latencies) quantile.record(ms);

        const sorted = latencies.toSorted((a, b) => a - b);
        // The value of which no more than the rest are larger.
        const exact = sorted[sorted.length - 1 - Math.floor(sorted.length * (1 - share))]!;
        const known = quantile.value()!;
        assert.ok(known >= exact * 0.999 && known <= exact * 1.081, `${known} for ${exact}`);
      }),
    );
  });

  test('follows a change', () => {
    const quantile = new LatencyQuantile(0.95);
    for (let call = 0; call < 5_000; call++) quantile.record(10);
    for (let call = 0; call < 5_000; call++) quantile.record(100);

    assert.ok(quantile.value()! >= 100);
  });
});

describe('hedging', () => {
  test('begins with enough calls, at their quantile', () => {
    const hedge = hedgePolicy({ minCalls: 10 });
    assert.equal(hedge.begin(), undefined);

    for (let call = 0; call < 100; call++) hedge.record(call < 94 ? 10 : 200);

    assert.ok(hedge.begin()! >= 200);
  });

  test('adds at most its share and its reserve', () => {
    const hedge = hedgePolicy({ share: 0.05, reserve: 10 });
    let hedges = 0;
    for (let call = 0; call < 10_000; call++) {
      hedge.begin();
      if (hedge.withdraw()) hedges++;
    }

    assert.ok(hedges >= 500 && hedges <= 510, `${hedges}`);
  });

  test('costs nothing when one of its two budgets is empty', () => {
    const hedge = hedgePolicy({ share: 0, reserve: 1 });
    const budget = retryBudget({ share: 0, reserve: 1 });
    const empty = retryBudget({ share: 0, reserve: 0 });

    const paid = [empty, budget, budget].map((from) => hedge.withdraw(from));

    assert.deepEqual(paid, [false, true, false]);
    const other = hedgePolicy({ share: 0, reserve: 0 });
    const whole = retryBudget({ share: 0, reserve: 1 });
    assert.equal(other.withdraw(whole), false);
    assert.equal(whole.snapshot().tokens, 1);
  });
});
