import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** Writes lines to stderr, before the process can end. A worker's own stderr goes through the main thread, which is too late. */
export function print(text: string): void {
  if (isMainThread) process.stderr.write(`${text}\n`);
  else writeSync(2, `${text}\n`);
}
