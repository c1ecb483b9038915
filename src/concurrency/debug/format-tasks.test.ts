import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTasks } from './format-tasks.ts';
import { Recorder } from './recorder.ts';
import type { TaskInfo } from './task-info.ts';

const wait = { what: 'recv on chan', forMs: 12_600, stack: ['at worker (worker.ts:3:9)'] };

function info(id: number, more: Partial<TaskInfo> = {}): TaskInfo {
  const started = ['at main (main.ts:1:1)'];
  return {
    id,
    name: 'task worker',
    parent: 0,
    ageMs: 20,
    started,
    hasEnded: false,
    waits: [wait],
    timers: [],
    ...more,
  };
}

test('tasks that are alike are shown once and counted', () => {
  const many = Array.from({ length: 15 }, (_, index) => info(index + 1, { ageMs: index }));

  assert.equal(
    formatTasks([...many, info(16, { waits: [], parent: 3 })]),
    `[1] task worker, started 0 ms ago
    at main (main.ts:1:1)
  waits for 13 s: recv on chan
    at worker (worker.ts:3:9)
  and 14 like it: [2] [3] [4] [5] [6] [7] [8] [9] [10] [11] and so on

[16] task worker, started 20 ms ago by [3]
    at main (main.ts:1:1)
  runs, or awaits something outside of flotilla/concurrency`,
  );
});

test('the text has a bound however many kinds there are', () => {
  const kinds = Array.from({ length: 250 }, (_, index) => info(index + 1, { name: `kind ${index}` }));

  const text = formatTasks([...kinds, info(251, { name: 'kind 249' })]);

  assert.equal(text.match(/^\[/gm)?.length, 100);
  assert.match(text, /\n\nand 151 more tasks$/);
});

test('a wait that outlives its task is listed under it', () => {
  const recorder = new Recorder();
  const task = { describe: () => 'task short' };
  recorder.task(task, () => recorder.parked({ describe: () => 'recv on chan' }));

  recorder.ended(task);

  const [left, ...more] = recorder.list();
  assert.deepEqual([left?.name, left?.hasEnded, left?.waits.length, more.length], ['task short', true, 1, 0]);
  assert.match(
    formatTasks([left!]),
    /^\[1\] task short, started \d+ ms ago, has ended\n {4}at .*format-tasks\.test\.ts/,
  );
});

test('what came before a mark is not listed after it', () => {
  const recorder = new Recorder();
  const [before, after, timer] = ['before', 'after', 'timer'].map((what) => ({ describe: () => what }));
  recorder.parked(before!);
  const mark = recorder.mark();

  recorder.parked(after!);
  recorder.armed(timer!);

  assert.deepEqual(
    recorder
      .list(mark)
      .map(({ id, waits, timers }) => [id, waits.map(({ what }) => what), timers.map(({ what }) => what)]),
    [[0, ['after'], ['timer']]],
  );
  recorder.resumed(after!);
  recorder.disarmed(timer!);
  assert.deepEqual(recorder.list(mark), []);
});

test('the frames of a wait are those of its task', () => {
  const recorder = new Recorder();

  recorder.task({ describe: () => 'task' }, function body() {
    recorder.parked({ describe: () => 'wait' });
  });

  const { stack } = recorder.list()[0]!.waits[0]!;
  assert.equal(stack.length, 1);
  assert.match(stack[0]!, /^at body \(.*format-tasks\.test\.ts:\d+:\d+\)$/);
});
