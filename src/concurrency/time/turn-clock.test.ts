import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from './clock.ts';
import { turnClock } from './turn-clock.ts';

test('stands still within a turn, also between its microtasks, and goes on in the next', async () => {
  await nextTurn();
  const before = systemClock.now();
  const time = turnClock.now();
  while (systemClock.now() <= time);
  await undefined;

  assert.equal(turnClock.now(), time);
  assert.ok(time >= before);
  await nextTurn();
  assert.ok(turnClock.now() > time);
});

test('has the timers of the system', async () => {
  await new Promise<void>((resolve) => turnClock.after(1, resolve));
});
