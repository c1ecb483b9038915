import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConcurrencyLimit } from './concurrency-limit.ts';

const idleLoop = { costMs: 0 };

/** Calls that come together, again and again, each of which takes so long where there is room. Gives when the last ended. */
function rounds(limit: ConcurrencyLimit, count: number, calls: number, durationMs: number, from: number): number {
  let now = from;
  for (let round = 0; round < count; round++) {
    const tokens: number[] = [];
    for (let call = 0; call < calls; call++) {
      if (limit.inFlight < limit.limit) tokens.push(limit.enter(now));
      else limit.refused(now);
    }
    now += durationMs;
    for (const token of tokens) limit.leave(token, now, durationMs, 'served');
  }
  return now;
}

function learned(loop = idleLoop, baseMs = 5): { readonly limit: ConcurrencyLimit; readonly now: number } {
  const limit = new ConcurrencyLimit({ initial: 200, min: 4, max: 10_000, loop }, 0);
  const now = rounds(limit, 200, 2, baseMs, 0);
  return { limit, now };
}

describe('a concurrency limit', () => {
  it('knows what a call takes from the first that ran', () => {
    const { limit } = learned();

    assert.equal(limit.snapshot().baseMs, 5);
    assert.equal(limit.isBound, false);
    assert.equal(limit.limit, 200);
  });

  it('binds when many calls take much longer than usual', () => {
    const { limit, now } = learned();

    rounds(limit, 10, 60, 60, now);

    assert.equal(limit.isBound, true);
    assert.ok(limit.limit < 60, String(limit.limit));
  });

  for (const [what, calls, durationMs] of [
    ['few calls that take long', 20, 60],
    ['many that take twice as long', 60, 10],
    ['many that wait for a few milliseconds', 60, 14],
  ] as const) {
    it(`stays open with ${what}`, () => {
      const { limit, now } = learned();

      rounds(limit, 20, calls, durationMs, now);

      assert.equal(limit.isBound, false);
      assert.equal(limit.limit, 200);
    });
  }

  it('stays open where half of the calls hang and the others are served as ever', () => {
    const { limit, now } = learned();
    const hanging: { readonly token: number; readonly from: number }[] = [];

    for (let at = now; at < now + 10_000; at += 10) {
      while (hanging[0] !== undefined && at - hanging[0].from >= 1000)
        limit.leave(hanging.shift()!.token, at, 1000, 'late');
      hanging.push({ token: limit.enter(at), from: at });
      limit.leave(limit.enter(at), at + 5, 5, 'served');
    }

    assert.equal(limit.isBound, false);
    assert.equal(limit.snapshot().baseMs, 5);
  });

  it('sees a queue as soon as ever when a few calls have hung before', () => {
    const { limit, now } = learned();
    for (let at = now; at < now + 10_000; at += 100) {
      limit.leave(limit.enter(at), at, 5_000, 'late');
      for (let call = 0; call < 20; call++) limit.leave(limit.enter(at), at, 5, 'served');
    }

    rounds(limit, 3, 60, 60, now + 10_000);

    assert.equal(limit.isBound, true);
  });

  it('stays open where calls wait for each other in the loop', () => {
    const { limit, now } = learned({ costMs: 1 });

    rounds(limit, 20, 60, 60, now);

    assert.equal(limit.isBound, false);
  });

  it('counts a stream no more, and learns nothing from it', () => {
    const { limit, now } = learned();

    const token = limit.enter(now);
    limit.release(token);

    assert.equal(limit.inFlight, 0);
    assert.equal(limit.snapshot().baseMs, 5);
  });

  it('opens again a minute after the last refusal', () => {
    const { limit, now } = learned();
    const bound = rounds(limit, 10, 60, 60, now);
    assert.equal(limit.isBound, true);

    const later = rounds(limit, 14_000, 2, 5, bound);

    assert.equal(limit.isBound, false);
    assert.ok(later - bound > 60_000);
  });
});
