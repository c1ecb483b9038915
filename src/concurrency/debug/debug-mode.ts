import { isMainThread } from 'node:worker_threads';
import { formatTasks } from './format-tasks.ts';
import { Recorder } from './recorder.ts';
import { missingAwaitReporter, print, reportDeadlock } from './reports.ts';
import type { TaskInfo } from './task-info.ts';

/** Of this thread. Undefined: debug mode is off. */
let recorder: Recorder | undefined;

/** Starts recording, or gives the recorder that runs. Those that park learn of it through the `tracker`, not from here. */
export function startRecording(): Recorder {
  recorder ??= new Recorder();
  return recorder;
}

/** The recorder that `FLOTILLA_DEBUG` asks for: a list with commas, with `concurrency` in it. */
export function recorderFor(setting: string | undefined): Recorder | undefined {
  const areas = (setting ?? '').split(',').map((area) => area.trim());
  if (!areas.includes('concurrency')) return undefined;
  const started = startRecording();
  reportDeadlock(started);
  started.onDisposed = missingAwaitReporter();
  if (isMainThread) process.on(dumpSignal(), dumpTasks);
  return started;
}

/**
 * What makes a program that seems to hang tell where: Ctrl+\, or Ctrl+Break on Windows, which has no SIGQUIT. Both end a
 * process otherwise. In debug mode it goes on, as a JVM does, so that one can look twice.
 */
function dumpSignal(): NodeJS.Signals {
  return process.platform === 'win32' ? 'SIGBREAK' : 'SIGQUIT';
}

/** All tasks that have not ended, with what they wait for, and all waits and timers beside them. Empty when debug mode is off. */
export function listTasks(): readonly TaskInfo[] {
  return recorder === undefined ? [] : recorder.list();
}

/**
 * Prints what `listTasks` gives to stderr.
 *
 * Debug mode is on in a process that was started with `FLOTILLA_DEBUG=concurrency` (or a list with commas that has it). In
 * it SIGQUIT (Ctrl+\; Ctrl+Break on Windows) prints the tasks of the main thread, and the process goes on. A process or
 * thread that ends while tasks or waits are left, since nothing can wake them any more, prints these and ends with exit
 * code 2. A wait that the end of its own block cancels for want of an `await` is printed too. All this costs some
 * microseconds a wait, and the memory of its stack.
 */
export function dumpTasks(): void {
  const tasks = listTasks();
  if (recorder === undefined) print('flotilla: no tasks are recorded; start with FLOTILLA_DEBUG=concurrency');
  else print(tasks.length === 0 ? 'flotilla: no tasks' : `flotilla: tasks\n\n${formatTasks(tasks)}\n`);
}
