import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StatusError } from '../../errors/index.ts';
import { virtualClock } from '../../testing/index.ts';
import type { Breaker, Ticket } from './breaker.ts';
import { consecutiveBreaker } from './consecutive-breaker.ts';
import { keyedBreakers } from './keyed-breakers.ts';
import { ratioBreaker } from './ratio-breaker.ts';

const failed = { error: new StatusError('deadline_exceeded', 'slow'), durationMs: 1 };
const good = { error: undefined, durationMs: 1 };
const left = { error: new StatusError('canceled', 'left'), durationMs: 1 };
const random = () => 0;

function ticketOf(breaker: Breaker): Ticket {
  const ticket = breaker.allow();
  assert.ok(ticket.admitted, 'it is refused');
  return ticket;
}

function end(breaker: Breaker, outcome: typeof failed | typeof good, times = 1): void {
  for (let call = 0; call < times; call++) ticketOf(breaker).done(outcome);
}

describe('the consecutive breaker', () => {
  test('opens after failures in a row, not after as many with a success between', () => {
    const breaker = consecutiveBreaker({ failures: 3, clock: virtualClock(), random });
    end(breaker, failed, 2);
    end(breaker, good);
    end(breaker, failed, 2);
    assert.equal(breaker.snapshot().state, 'closed');

    end(breaker, failed);

    assert.equal(breaker.snapshot().state, 'open');
    assert.equal(breaker.allow().admitted, false);
  });

  test('lets one probe through when its time is over, and closes when it succeeds', async () => {
    const clock = virtualClock();
    const breaker = consecutiveBreaker({ failures: 1, openMs: 100, clock, random });
    end(breaker, failed);
    await clock.advance(100);

    const probe = ticketOf(breaker);
    assert.equal(breaker.allow().admitted, false);
    probe.done(good);

    assert.equal(breaker.snapshot().state, 'closed');
    end(breaker, good, 3);
  });

  test('stays open for twice as long after each failed probe, up to a bound', async () => {
    const clock = virtualClock();
    const breaker = consecutiveBreaker({ failures: 1, openMs: 100, maxOpenMs: 300, clock, random });
    end(breaker, failed);

    for (const ms of [100, 200, 300, 300]) {
      await clock.advance(ms - 1);
      assert.equal(breaker.allow().admitted, false, `before ${ms} ms`);
      await clock.advance(1);
      end(breaker, failed);
    }
  });

  test('a cancelled probe makes room for another', async () => {
    const clock = virtualClock();
    const breaker = consecutiveBreaker({ failures: 1, openMs: 100, clock, random });
    end(breaker, failed);
    await clock.advance(100);

    ticketOf(breaker).done(left);

    assert.equal(breaker.snapshot().state, 'half_open');
    end(breaker, good);
    assert.equal(breaker.snapshot().state, 'closed');
  });

  test('what a call from before the opening ends with changes nothing', async () => {
    const clock = virtualClock();
    const breaker = consecutiveBreaker({ failures: 1, openMs: 100, clock, random });
    const [early, late] = [ticketOf(breaker), ticketOf(breaker)];
    end(breaker, failed);

    early.done(good);
    assert.equal(breaker.snapshot().state, 'open');
    await clock.advance(100);
    end(breaker, good);
    late.done(failed);

    assert.equal(breaker.snapshot().state, 'closed');
  });
});

describe('the ratio breaker', () => {
  test('opens at its share of failures, once there were enough calls in the window', async () => {
    const clock = virtualClock();
    const breaker = ratioBreaker({ ratio: 0.5, minCalls: 10, windowMs: 1_000, clock, random });
    end(breaker, failed, 9);
    await clock.advance(1_000);
    end(breaker, good, 6);
    end(breaker, failed, 5);
    assert.equal(breaker.snapshot().state, 'closed', '5 of 11, and what is older is forgotten');

    end(breaker, failed);

    assert.equal(breaker.snapshot().state, 'open');
  });
});

test('options are checked and can change while it runs', () => {
  const breaker = consecutiveBreaker({ clock: virtualClock(), random });
  breaker.configure({ failures: 1 });
  end(breaker, failed);
  assert.equal(breaker.snapshot().state, 'open');

  assert.throws(() => breaker.configure({ failures: 0 }), RangeError);
  assert.throws(() => consecutiveBreaker({ openMs: 100, maxOpenMs: 50 }), RangeError);
  assert.throws(() => ratioBreaker({ ratio: 2 }), RangeError);
});

test('keyed breakers forget the one that was asked for the longest time ago', () => {
  const made: string[] = [];
  const breakers = keyedBreakers(
    (key) => {
      made.push(key);
      return consecutiveBreaker({ clock: virtualClock() });
    },
    { maxKeys: 2 },
  );

  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) breakers.of(key);

  assert.deepEqual(made, ['a', 'b', 'c', 'b']);
  assert.deepEqual(
    [...breakers.entries()].map(([key]) => key),
    ['a', 'b'],
  );
});
