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

for (const [what, ranMs, waitedMs, isStuck] of [
  ['waits for a processor and gets none', 0, 90, false],
  ['waits for a processor, and has had enough of one to turn', 10, 90, true],
  ['waits for something else', 0, 0, true],
  ['runs', 100, 0, true],
] as const) {
  test(`a loop that ${what} is ${isStuck ? '' : 'not '}stuck`, () => {
    const watch = new HeartbeatWatch(options);

    const answers = [0, 1, 2, 3].map((n) => watch.tick(7, false, { ranMs: 5 + n * ranMs, waitedMs: 5 + n * waitedMs }));

    assert.equal(answers.at(-1), isStuck);
  });
}

test('a starved loop is stuck once it had a tenth of the time and still has not turned', () => {
  const watch = new HeartbeatWatch(options);

  const answers = Array.from({ length: 8 }, (_, n) => watch.tick(7, false, { ranMs: n * 5, waitedMs: n * 95 }));

  assert.equal(answers.indexOf(true), 5);
});
