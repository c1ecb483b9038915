import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logNormal, loopNode, openLoad, type SimulatedCall, simulation, type Target } from '../../src/testing/index.ts';
import { guardOf } from './guarded.ts';
import { seeds } from './seeds.ts';

/** E8: six nodes in a row of 30 ms each, 200 ms for all of them: one call in three runs out of time on the way. */
function chain(seed: number, skewMs: number, perSecond: number) {
  const world = simulation({ seed });
  const untilMs = 3_000_000 / perSecond;
  let passedOn = 0;
  let tooLate = 0;
  /** What the next node is asked for, after the caller has gone. */
  const watched = (target: Target): Target => ({
    send(call: SimulatedCall) {
      passedOn++;
      if (world.clock.now() > call.deadline) tooLate++;
      target.send(call);
    },
  });
  let next: Target | undefined;
  for (let hop = 6; hop >= 1; hop--) {
    next = loopNode(world, {
      name: `hop-${hop}`,
      cpu: logNormal(30, 0.5),
      ...(next === undefined ? {} : { dependency: watched(next) }),
      admit: (loop) => guardOf(loop, world).admit,
      clockSkewMs: skewMs * hop * (hop % 2 === 0 ? 1 : -1),
    });
  }
  const table = openLoad(world, { target: next!, rate: perSecond, timeoutMs: 200, untilMs });
  world.run(untilMs + 2000);
  const { sent, good, late, refused, failed, latency } = table.summary();
  return { passedOn, tooLate, maxMs: latency.max, counts: { sent, good, late, refused, failed } };
}

for (const seed of seeds) {
  test(`six hops within 200 ms: none is asked after that, whatever the clocks show, seed ${seed}`, () => {
    // So seldom that none finds another in its way.
    const { passedOn, tooLate, maxMs, counts } = chain(seed, 0, 0.01);
    const skewed = chain(seed, 3_600_000, 0.01);

    assert.equal(tooLate, 0);
    assert.ok(counts.good > 0.5 * counts.sent && counts.failed + counts.refused > 0.1 * counts.sent, `${passedOn}`);
    assert.ok(passedOn < 5 * counts.sent * 0.98, `${passedOn} passed on of ${5 * counts.sent}`);
    // A loop that works finds out when it has done so.
    assert.ok(maxMs <= 200 + 300, `the last answer came after ${maxMs} ms`);
    assert.deepEqual(skewed.counts, counts);
    assert.equal(skewed.tooLate, 0);
  });

  test(`what waits in a socket is started late now and then, since no header can tell, seed ${seed}`, () => {
    const { passedOn, tooLate } = chain(seed, 0, 3);

    assert.ok(tooLate <= 0.02 * passedOn, `${tooLate} of ${passedOn}`);
  });
}
