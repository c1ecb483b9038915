import assert from 'node:assert/strict';
import { it } from 'node:test';
import { virtualClock } from '../../testing/index.ts';
import { allOf } from './all-of.ts';
import { gcra } from './gcra.ts';
import { headOf } from './heads.fixture.ts';
import { inFlightLimit } from './in-flight-limit.ts';
import { slidingWindow } from './sliding-window.ts';

const head = headOf();
const outcome = { error: undefined, durationMs: 1 };

it('takes nothing from the first when the second refuses', () => {
  const clock = virtualClock();
  const first = gcra({ name: 'first', limit: 10, clock });
  const running = inFlightLimit({ name: 'running', limit: 10 });
  const last = slidingWindow({ name: 'last', limit: 2, clock });
  const all = allOf('all', [first, running, last]);

  const decisions = [1, 2, 3, 4].map(() => all.acquire(head));

  assert.deepEqual(
    decisions.map(({ admitted }) => admitted),
    [true, true, false, false],
  );
  assert.ok(!decisions[3]?.admitted && decisions[3]?.error.metadata.limit === 'last');
  assert.deepEqual([first.snapshot().used, running.snapshot().used, last.snapshot().used], [2, 2, 2]);
});

it('ends all permits with the call, and gives all back when somebody else refuses', () => {
  const running = inFlightLimit({ name: 'running', limit: 10 });
  const wide = inFlightLimit({ name: 'wide', limit: 10 });
  const all = allOf('all', [running, wide]);

  const permit = all.acquire(head, 3);
  const during = [running.snapshot().used, wide.snapshot().used];
  if (permit.admitted) permit.done(outcome);
  all.acquire(head, 4);
  all.giveBack(head, 4);

  assert.deepEqual(during, [3, 3]);
  assert.deepEqual([running.snapshot().used, wide.snapshot().used], [0, 0]);
});

it('tells of the limit that has the smallest share left', () => {
  const clock = virtualClock();
  const wide = gcra({ name: 'wide', limit: 100, tell: true, clock });
  const narrow = gcra({ name: 'narrow', limit: 3, tell: true, clock });
  const silent = gcra({ name: 'silent', limit: 2, clock });

  const permit = allOf('all', [wide, silent, narrow]).acquire(head);

  assert.equal(permit.quota?.policy, 'narrow');
  assert.throws(() => allOf('none', []), RangeError);
});
