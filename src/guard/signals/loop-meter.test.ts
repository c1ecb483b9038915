import assert from 'node:assert/strict';
import { it } from 'node:test';
import { virtualClock } from '../../testing/index.ts';
import { LoopMeter } from './loop-meter.ts';

function meterOf() {
  const clock = virtualClock();
  let idle = 0;
  let begun = 0;
  const meter = new LoopMeter({ clock, idleMs: () => idle, onBegin: () => begun++ });
  return {
    meter,
    clock,
    get begun() {
      return begun;
    },
    /** A turn of so many ms, after a pause. */
    async turn(ms: number, pauseMs = 0) {
      await clock.advance(pauseMs);
      idle += pauseMs;
      meter.turnMs();
      await clock.advance(ms);
      meter.endTurn();
    },
  };
}

it('a turn begins with the first question and goes on until it is ended', async () => {
  const test = meterOf();

  assert.equal(test.meter.turnMs(), 0);
  await test.clock.advance(7);
  assert.equal(test.meter.turnMs(), 7);
  assert.equal(test.begun, 1);
  test.meter.endTurn();
  await test.clock.advance(3);

  assert.equal(test.meter.turnMs(), 0);
  assert.equal(test.begun, 2);
});

it('a window lasts 100 ms, and tells the shortest and the longest turn', async () => {
  const test = meterOf();
  const before = test.meter.window();
  for (const ms of [20, 10, 24, 20]) await test.turn(ms);
  assert.equal(test.meter.window(), before);

  await test.turn(20, 20);

  const { lengthMs, turns, minTurnMs, maxTurnMs, idleShare } = test.meter.window();
  assert.deepEqual(
    { lengthMs, turns, minTurnMs, maxTurnMs },
    { lengthMs: 114, turns: 5, minTurnMs: 10, maxTurnMs: 24 },
  );
  assert.equal(idleShare, 20 / 114);
});

it('a long turn begins a window of its own', async () => {
  const test = meterOf();
  await test.turn(1, 50);
  await test.turn(60);
  await test.turn(60);

  const { lengthMs, turns, minTurnMs, idleShare } = test.meter.window();
  assert.deepEqual({ lengthMs, turns, minTurnMs, idleShare }, { lengthMs: 120, turns: 2, minTurnMs: 60, idleShare: 0 });
});

it('after a pause what was measured before counts no more', async () => {
  const test = meterOf();
  await test.turn(150);
  await test.turn(150);
  assert.equal(test.meter.window().idleShare, 0);

  await test.turn(1, 1000);

  assert.equal(test.meter.window().idleShare, 1);
});
