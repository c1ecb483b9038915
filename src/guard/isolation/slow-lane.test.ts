import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SlowLane, slowLane } from './slow-lane.ts';

describe('slowLane', () => {
  it('learns which methods are much slower than the median one', () => {
    const lane = slowLane({ name: 'slow', maxInFlight: 4 });

    record(lane, { read: 5, write: 12, list: 9, report: 900, search: 60 });

    assert.deepEqual(lane.slowMethods(), [{ method: 'report', typicalMs: 900 }]);
    assert.deepEqual([lane.isSlow('report'), lane.isSlow('search'), lane.isSlow('never seen')], [true, false, false]);
  });

  it('lets a method go only when it is well below what brought it there', () => {
    const lane = slowLane({ name: 'slow', maxInFlight: 4 });
    const others = { read: 10, write: 12, list: 11 };

    record(lane, { ...others, report: 200 });
    const atFirst = lane.isSlow('report');
    record(lane, { ...others, report: 60 });
    const between = lane.isSlow('report');
    record(lane, { ...others, report: 30 });

    assert.deepEqual([atFirst, between, lane.isSlow('report')], [true, true, false]);
  });

  it('takes nothing for slow that is quick enough, nor what was called a few times', () => {
    const lane = slowLane({ name: 'slow', maxInFlight: 4 });

    record(lane, { read: 0.2, write: 0.4, list: 40 });
    for (let i = 0; i < 19; i++) lane.record('rare', 5_000);
    record(lane, { read: 0.2 });

    assert.deepEqual(lane.slowMethods(), []);
  });

  it('of two methods compares with the faster one, and of one with nothing', () => {
    const lane = slowLane({ name: 'slow', maxInFlight: 4 });

    record(lane, { report: 3_000 });
    const alone = lane.isSlow('report');
    record(lane, { read: 3 });

    assert.deepEqual([alone, lane.isSlow('report'), lane.isSlow('read')], [false, true, false]);
  });

  it('judges anew when it is changed', () => {
    const lane = slowLane({ name: 'slow', maxInFlight: 4 });
    record(lane, { read: 5, write: 5, list: 5, report: 300 });

    lane.configure({ slowMs: 1_000, maxInFlight: 9 });

    assert.equal(lane.isSlow('report'), false);
    assert.equal(lane.lane.snapshot().maxInFlight, 9);
    assert.throws(() => lane.configure({ slowFactor: 1 }), /slowLane: slowFactor is 1; give a number from 2 to 1000/);
  });
});

/** Enough calls of each that all that was before is forgotten. */
function record(lane: SlowLane, typicalMs: Readonly<Record<string, number>>): void {
  for (let i = 0; i < 300; i++) for (const [method, ms] of Object.entries(typicalMs)) lane.record(method, ms);
}
