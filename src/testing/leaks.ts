import { beforeEach, type TestContext } from 'node:test';
import { startRecording } from '../concurrency/debug/debug-mode.ts';
import { formatTasks } from '../concurrency/debug/format-tasks.ts';
import type { Mark, Recorder } from '../concurrency/debug/recorder.ts';
import { print } from '../concurrency/debug/reports.ts';
import { setTracker } from '../concurrency/parking/tracking.ts';
import { yieldNow } from '../concurrency/parking/turns.ts';

/**
 * Makes a test fail that leaves something of `flotilla/concurrency` behind: a task that has not ended, an operation that is
 * parked, a timer of the system clock. The error lists them with their stacks.
 *
 *     failOnLeaks();                                          // at the top of a file: every test in it
 *     test('closes its feed', async (t) => { failOnLeaks(t);  // or the first line of one test
 *
 * It judges after the test, its `afterEach` and `t.after` hooks, and gives what they woke some turns of the event loop to
 * end. What was there before the test counts for nothing, nor does it for those around a subtest. Tests that run at the
 * same time as others of their process are blamed for these. Whatever failed first is what the test fails with.
 *
 * A test in which everything waits for ever does not end, since the runner keeps the process alive: the list is then
 * printed to stderr as soon as nothing else is left to run. Give such tests a `timeout`.
 *
 * It turns on the recording of debug mode, for the rest of the process: do not measure time or memory beside it.
 */
export function failOnLeaks(t?: TestContext): void {
  const recorder = recording();
  if (t === undefined) beforeEach((each) => watch(each as TestContext, recorder));
  else watch(t, recorder);
}

/** Of those that were woken in the test's last step some have steps of their own to do, of which each may take a turn. */
const turnsToEnd = 3;

/** What was there before each of the tests that run now: the outermost first. */
const running = new Set<Mark>();

function watch(t: TestContext, recorder: Recorder): void {
  // Not once for all: a test may set a tracker of its own.
  setTracker(recorder);
  const before = recorder.mark();
  running.add(before);
  // A hook that a hook adds comes last: the test's own ones shall have cleaned up.
  t.after(() => t.after(() => check(recorder, before)));
}

async function check(recorder: Recorder, before: Mark): Promise<void> {
  let left = recorder.list(before);
  for (let turn = 0; turn < turnsToEnd && left.length > 0; turn++) {
    await yieldNow();
    left = recorder.list(before);
  }
  running.delete(before);
  if (left.length > 0) throw new Error(`the test leaves behind:\n\n${formatTasks(left)}\n`);
}

let isWatchingForHangs = false;

function recording(): Recorder {
  const recorder = startRecording();
  if (!isWatchingForHangs) {
    isWatchingForHangs = true;
    process.on('beforeExit', () => reportHang(recorder));
  }
  return recorder;
}

function reportHang(recorder: Recorder): void {
  const [before] = running;
  const left = before === undefined ? [] : recorder.list(before);
  if (left.length > 0) print(`flotilla: nothing is left that could wake what still waits\n\n${formatTasks(left)}\n`);
}
