import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../errors/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { type SreThrottleOptions, sreThrottle } from './sre-throttle.ts';

const failed = { error: new StatusError('unavailable', 'down'), durationMs: 1 };
const good = { error: undefined, durationMs: 1 };

/** Numbers from 0 to below 1: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Phase {
  readonly ms: number;
  /** The share of the offered calls that the back end accepts; it refuses what exceeds it. */
  readonly accepts: number;
}

/** Offers calls at a steady rate; each is answered at once. */
function run(ratePerSecond: number, phases: readonly Phase[], options: SreThrottleOptions = {}) {
  let now = 0;
  const clock = { ...virtualClock(), now: () => now };
  const throttle = sreThrottle({ clock, random: randomOf(ratePerSecond), ...options });
  const results = phases.map(({ ms, accepts }) => {
    const result = { offered: 0, sent: 0, accepted: 0, lastRefusedAtMs: -1 };
    let capacity = 0;
    for (let at = 0; at < ms; at += 1000 / ratePerSecond) {
      capacity = Math.min(capacity + accepts, Math.max(3, accepts * ratePerSecond * 0.5));
      const decision = throttle.allow();
      result.offered++;
      if (decision.admitted) {
        result.sent++;
        const isAccepted = capacity >= 1;
        if (isAccepted) {
          capacity--;
          result.accepted++;
        }
        decision.done(isAccepted ? good : failed);
      } else result.lastRefusedAtMs = at;
      now += 1000 / ratePerSecond;
    }
    return result;
  });
  return { results, throttle };
}

for (const rate of [20, 100, 1_000, 10_000]) {
  test(`at ${rate} calls/s an outage of 30 s is asked at most twice a second, and full traffic is back within a window`, () => {
    const phases = [
      { ms: 15_000, accepts: 1 },
      { ms: 30_000, accepts: 0 },
      { ms: 15_000, accepts: 1 },
    ];

    const [before, outage, after] = run(rate, phases).results;

    assert.equal(before!.sent, before!.offered);
    // What it takes to notice: as many failures as there were successes in the window; then the probes.
    assert.ok(outage!.sent <= 10 * rate + 60 + 10, `${outage!.sent} sent of ${outage!.offered}`);
    assert.ok(after!.lastRefusedAtMs < 10_000, `refused until ${after!.lastRefusedAtMs} ms after the end`);
  });

  for (const accepts of [0.1, 0.3]) {
    test(`at ${rate} calls/s a back end that takes ${accepts} of them gets about twice that`, () => {
      const [, steady] = run(rate, [
        { ms: 30_000, accepts },
        { ms: 60_000, accepts },
      ]).results;

      const probes = 60;
      assert.ok(steady!.sent <= 2 * steady!.accepted * 1.15 + probes, `${steady!.sent} for ${steady!.accepted}`);
      assert.ok(steady!.accepted >= 0.8 * accepts * steady!.offered, 'what it can do is asked of it');
    });
  }
}

test('refuses nothing while half of the calls succeed, or while there were too few', () => {
  const half = run(100, [{ ms: 30_000, accepts: 0.5 }]);
  const few = run(1, [{ ms: 15_000, accepts: 0 }], { windowMs: 10_000 });

  assert.ok(half.results[0]!.sent >= 0.95 * half.results[0]!.offered);
  assert.equal(few.results[0]!.sent, few.results[0]!.offered);
});

test('a cancelled call and an error of the application open nothing', () => {
  const clock = virtualClock();
  const throttle = sreThrottle({ clock });
  const codes = ['canceled', 'invalid_argument', 'not_found', 'failed_precondition', 'unauthenticated'] as const;

  for (let call = 0; call < 1_000; call++) {
    const ticket = throttle.allow();
    assert.ok(ticket.admitted);
    ticket.done({ error: new StatusError(codes[call % codes.length]!, 'no'), durationMs: 1 });
  }

  assert.equal(throttle.snapshot().refusedShare, 0);
});

test('a rejection is `unavailable` BREAKER_OPEN, and is shared', () => {
  const clock = virtualClock();
  const throttle = sreThrottle({ clock, random: () => 0, name: 'room GetRoom' });
  for (let call = 0; call < 50; call++) {
    const ticket = throttle.allow();
    if (ticket.admitted) ticket.done(failed);
  }

  const [one, other] = [throttle.allow(), throttle.allow()];

  assert.ok(!one.admitted && !other.admitted);
  assert.equal(one.error, other.error);
  assert.deepEqual([one.error.code, one.error.reason], ['unavailable', 'BREAKER_OPEN']);
  assert.match(one.error.message, /room GetRoom/);
});

test('options are checked, and take effect while it runs', () => {
  const throttle = sreThrottle({ clock: virtualClock() });

  for (const wrong of [{ k: 1 }, { windowMs: 0 }, { minCalls: 0 }, { probeMs: Number.NaN }]) {
    assert.throws(() => throttle.configure(wrong), { name: 'RangeError', message: /sreThrottle: \w+ is/ });
  }
  throttle.configure({ minCalls: 1_000 });
  for (let call = 0; call < 900; call++) {
    const ticket = throttle.allow();
    assert.ok(ticket.admitted);
    ticket.done(failed);
  }
});
