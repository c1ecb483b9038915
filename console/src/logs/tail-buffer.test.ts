import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../api/answers.ts';
import { emptyTail, type TailAction, type TailBuffer, tail } from './tail-buffer.ts';

function line(id: number, timeMs = id): LogLine {
  return {
    id,
    timeMs,
    level: 'info',
    service: 'room',
    instance: 'room-1',
    message: `m${id}`,
    traceId: null,
    spanId: null,
    attributes: {},
  };
}

function lines(from: number, to: number): LogLine[] {
  return Array.from({ length: to - from + 1 }, (_, i) => line(from + i));
}

function run(capacity: number, ...actions: TailAction[]): TailBuffer {
  return actions.reduce(tail, emptyTail(capacity));
}

const ids = (some: readonly LogLine[]) => some.map((each) => each.id);

test('lines are shown newest first, once, and at most as many as fit', () => {
  const state = run(
    3,
    { kind: 'arrive', lines: [line(1), line(2)] },
    { kind: 'arrive', lines: [line(2), line(4), line(3)] },
  );

  assert.deepEqual(ids(state.shown), [4, 3, 2]);
  assert.equal(state.dropped, 0);
});

test('while paused what is shown does not change', () => {
  const state = run(
    10,
    { kind: 'arrive', lines: lines(1, 2) },
    { kind: 'pause' },
    { kind: 'arrive', lines: lines(2, 5) },
  );

  assert.deepEqual(ids(state.shown), [2, 1]);
  assert.deepEqual(ids(state.held), [5, 4, 3]);
});

test('what does not fit while paused is dropped and counted', () => {
  const state = run(
    3,
    { kind: 'pause' },
    { kind: 'arrive', lines: lines(1, 3) },
    { kind: 'arrive', lines: lines(4, 8) },
  );

  assert.deepEqual(ids(state.held), [8, 7, 6]);
  assert.equal(state.dropped, 5);
});

test('what the collector could not send, and a burst that exceeds the room, count as dropped', () => {
  const state = run(3, { kind: 'lost', count: 7 }, { kind: 'arrive', lines: lines(1, 5) });

  assert.deepEqual(ids(state.shown), [5, 4, 3]);
  assert.equal(state.dropped, 9);
});

test('resuming shows what was held and counts afresh', () => {
  const state = run(
    4,
    { kind: 'arrive', lines: lines(1, 3) },
    { kind: 'pause' },
    { kind: 'arrive', lines: lines(4, 5) },
    { kind: 'resume' },
  );

  assert.deepEqual(ids(state.shown), [5, 4, 3, 2]);
  assert.deepEqual([state.held, state.dropped, state.isPaused], [[], 0, false]);
});

test('older lines are kept beyond the capacity', () => {
  const state = run(
    2,
    { kind: 'arrive', lines: lines(5, 6) },
    { kind: 'older', lines: lines(1, 4) },
    { kind: 'arrive', lines: [line(7)] },
  );

  assert.deepEqual(ids(state.shown), [7, 6, 5, 4, 3, 2]);
});

test('of the same millisecond the line that arrived later comes first', () => {
  assert.deepEqual(ids(run(5, { kind: 'arrive', lines: [line(1, 50), line(2, 50), line(3, 40)] }).shown), [2, 1, 3]);
});

test('a restart forgets everything', () => {
  assert.deepEqual(
    run(5, { kind: 'arrive', lines: lines(1, 3) }, { kind: 'pause' }, { kind: 'restart' }),
    emptyTail(5),
  );
});
