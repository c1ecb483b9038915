import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeartbeatWatch } from './heartbeat.ts';

const options = { stuckMs: 250, beatMs: 100 };

/** Ticks with these beats; gives the answers. */
function ticks(watch: HeartbeatWatch, beats: readonly number[], isDebugged = false): boolean[] {
  return beats.map((beat) => watch.tick(beat, isDebugged));
}

test('a loop is stuck when its beat has not changed for the time in ticks, rounded up', () => {
  assert.deepEqual(ticks(new HeartbeatWatch(options), [7, 7, 7, 7, 7]), [false, false, false, true, true]);
});

test('every beat starts the count anew, also one that wraps around', () => {
  const watch = new HeartbeatWatch(options);

  assert.ok(!ticks(watch, [7, 7, 7, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31), -(2 ** 31)]).includes(true));
});

test('a loop that a debugger may have stopped is not stuck, and gets the whole time afterwards', () => {
  const watch = new HeartbeatWatch(options);

  assert.ok(!ticks(watch, [7, 7, 7, 7, 7, 7], true).includes(true));
  assert.deepEqual(ticks(watch, [7, 7, 7]), [false, false, true]);
});

test('reset gives it the whole time again', () => {
  const watch = new HeartbeatWatch(options);
  ticks(watch, [7, 7, 7]);

  watch.reset();

  assert.deepEqual(ticks(watch, [7, 7, 7, 7]), [false, false, false, true]);
});
