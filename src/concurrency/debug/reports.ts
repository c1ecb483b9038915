import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { formatTasks, formatWait } from './format-tasks.ts';
import type { Recorder } from './recorder.ts';
import type { WaitInfo } from './task-info.ts';

/** Go's exit code for the same; 1 is what an uncaught error gives. */
const deadlockExitCode = 2;
/** With what Node ends a program whose top-level await never came back. */
const unsettledAwaitExitCode = 13;

/**
 * Reports the tasks and waits that are left when the process ends because nothing is left to run: no timer, socket or
 * child can wake them any more. Node would end such a program without a word and with exit code 0, or with 13 where a
 * top-level await is among those that wait: both become 2. A failure code that the program has set stays.
 */
export function reportDeadlock(recorder: Recorder): void {
  let emptyAt: number | undefined;
  process.on('beforeExit', () => {
    emptyAt = loopTurns();
  });
  process.on('exit', (code) => {
    // A turn since then: a listener of beforeExit brought new work, and this is the end that somebody chose in it.
    if (emptyAt !== loopTurns()) return;
    const left = recorder.list();
    if (left.length === 0) return;
    print(`flotilla: deadlock: nothing is left that could wake what still waits\n\n${formatTasks(left)}\n`);
    if (code === 0 || code === unsettledAwaitExitCode) process.exitCode = deadlockExitCode;
  });
}

/** To look at the number of turns leaves the loop alone; an immediate or a timer, even unreferenced, can keep it going. */
function loopTurns(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}

/** Makes what reports a wait that the end of its own block canceled before it could go on. It tells of each place once. */
export function missingAwaitReporter(): (wait: WaitInfo) => void {
  const told = new Set<string>();
  return (wait) => {
    const place = wait.stack.join('\n');
    if (told.has(place)) return;
    told.add(place);
    print(
      `flotilla: a context was disposed at the end of its block in the very step in which this wait began under it; an await is missing, as in \`return await call(ctx)\`\n\n${formatWait(wait)}\n`,
    );
  };
}

/** Writes lines to stderr, before the process can end. A worker's own stderr goes through the main thread, which is too late. */
export function print(text: string): void {
  if (isMainThread) process.stderr.write(`${text}\n`);
  else writeSync(2, `${text}\n`);
}
