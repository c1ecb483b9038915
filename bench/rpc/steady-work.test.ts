import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteadyWork } from './steady-work.ts';

/** Work whose `n`-th run takes `microsOf(n)`. */
function work(microsOf: (n: number) => number) {
  const state = { runs: 0, micros: 0 };
  const run = () => {
    state.micros += microsOf(state.runs++);
  };
  return { state, steady: new SteadyWork(run, () => state.micros) };
}

test('runs that come before the work is warm do not count', () => {
  const { steady } = work((n) => (n < 5000 ? 50 : 10));

  assert.equal(steady.nanosPerRun(100), 10_000);
});

test('the fastest slice counts: what else the machine does only ever adds', () => {
  const { steady } = work((n) => (n > 60_000 && n % 7000 < 5000 ? 30 : 10));

  assert.equal(steady.nanosPerRun(300), 10_000);
});

test('work that never becomes steady is measured all the same', () => {
  const { state, steady } = work((n) => 10 + (n % 10_000) / 100);

  const nanos = steady.nanosPerRun(100);

  assert.ok(nanos >= 10_000 && nanos <= 110_000, `${nanos}`);
  assert.ok(state.micros < 10_000_000, `${state.micros}`);
});

test('work that was warm is measured again without half a second of warming', () => {
  const { state, steady } = work(() => 10);
  steady.nanosPerRun(100);
  const before = state.micros;

  steady.nanosPerRun(100);

  assert.ok(state.micros - before < 300_000, `${state.micros - before}`);
});
