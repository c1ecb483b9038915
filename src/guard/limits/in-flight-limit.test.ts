import assert from 'node:assert/strict';
import { it } from 'node:test';
import { headOf } from './heads.fixture.ts';
import { inFlightLimit } from './in-flight-limit.ts';

const head = headOf();
const outcome = { error: undefined, durationMs: 1 };

it('admits as many calls as may run at once, and the next when one has ended', () => {
  const limit = inFlightLimit({ name: 'uploads', limit: 2 });
  const first = limit.acquire(head);
  const second = limit.acquire(head);

  const third = limit.acquire(head);
  if (first.admitted) first.done(outcome);
  const fourth = limit.acquire(head);

  assert.deepEqual(
    [first, second, third, fourth].map(({ admitted }) => admitted),
    [true, true, false, true],
  );
  assert.ok(!third.admitted);
  assert.equal(third.error.reason, 'RATE_LIMITED');
  assert.equal(third.error.message, 'the limit uploads of 2 calls at once is used up');
});

it('gives the whole cost of a call back', () => {
  const limit = inFlightLimit({ name: 'a', limit: 10 });

  const large = limit.acquire(head, 8);
  const used = limit.snapshot().used;
  if (large.admitted) large.done(outcome);

  assert.equal(used, 8);
  assert.equal(limit.snapshot().used, 0);
  assert.equal(limit.acquire(head, 11).admitted, false);
});

it('can be lowered below what runs', () => {
  const limit = inFlightLimit({ name: 'a', limit: 3 });
  const permits = [limit.acquire(head), limit.acquire(head), limit.acquire(head)];

  limit.configure({ limit: 1 });
  const decisions = permits.map((permit) => {
    if (permit.admitted) permit.done(outcome);
    return limit.acquire(head).admitted;
  });

  assert.deepEqual(decisions, [false, false, true]);
  assert.throws(() => limit.configure({ limit: 0 }), /inFlightLimit: limit is 0; give a whole number from 1/);
});

it('takes back what somebody else refused', () => {
  const limit = inFlightLimit({ name: 'a', limit: 1 });
  limit.acquire(head);

  limit.giveBack(head);

  assert.equal(limit.acquire(head).admitted, true);
  assert.deepEqual(limit.snapshot(), {
    name: 'a',
    algorithm: 'in-flight',
    limit: 1,
    windowMs: undefined,
    used: 1,
    admitted: 1,
    refused: 0,
  });
});
