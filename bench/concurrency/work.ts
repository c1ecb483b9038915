import type { Contestant } from '../harness.ts';
import type { RowName } from './rows.ts';
import { batchOf } from './rows.ts';

/** Does that many operations, a multiple of the row's batch, and throws if they were not done. */
export type Work = (operations: number) => Promise<void>;

/** What one contestant does in the rows that it takes part in. */
export type Works = Readonly<Partial<Record<RowName, Work>>>;

/** Others use the machine too: of so many runs the best one counts. The Go program does the same. */
const runs = 3;

/**
 * Measures every row of a contestant: nanoseconds of CPU time per operation, the best of three runs. The first round,
 * which does not count, finds how many operations take about `targetMs` in all; the same number is measured from then on.
 */
export function contestant(works: Works, targetMs: number): Contestant {
  const counts = new Map<string, number>();
  return async () => {
    const measured: Record<string, number> = {};
    for (const [row, work] of Object.entries(works)) {
      let count = counts.get(row);
      if (count === undefined) {
        count = await calibrate(work, batchOf(row), targetMs / runs);
        counts.set(row, count);
      }
      let best = Number.POSITIVE_INFINITY;
      for (let run = 0; run < runs; run++) best = Math.min(best, await timed(work, count));
      measured[row] = (best * 1e6) / count;
    }
    return measured;
  };
}

/** Several runs, since the first ones, not compiled yet, are slower: a count that fits them would measure only such. */
async function calibrate(work: Work, batch: number, targetMs: number): Promise<number> {
  let count = roundUp(1000, batch);
  for (let run = 1; ; run++) {
    const took = await timed(work, count);
    const fitting = roundUp((count * targetMs) / Math.max(took, 0.01), batch);
    if (run > 5 && took * 2 >= targetMs) return fitting;
    count = Math.min(fitting, count * 4);
  }
}

/**
 * Milliseconds of CPU time of all threads, the garbage collector's included. No work here ever waits for anything, so on
 * a calm machine this is the time that passes, or a little more. No collection is forced before it: that would also
 * throw away compiled code whose constants the last run took with it, and measure the compiler.
 */
async function timed(work: Work, count: number): Promise<number> {
  const before = process.cpuUsage();
  await work(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function roundUp(count: number, batch: number): number {
  return Math.ceil(count / batch) * batch;
}

/** Throws unless a row's work came to what it must come to. */
export function check(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`the work was not done: it came to ${got} instead of ${wanted}`);
}

/**
 * The same for a sum that was taken as `(sum + item) | 0`. A larger one does not fit a small integer: V8 then makes an
 * object of every new sum that a task keeps across an `await`, which costs more than some operations that are measured.
 */
export function checkSum(got: number, wanted: number): void {
  check(got, wanted | 0);
}

/** 0 + 1 + … + (n - 1). */
export function sumBelow(n: number): number {
  return (n * (n - 1)) / 2;
}

/** Sees that no more than `most` tasks are inside at once, and at least once exactly so many. */
export class Held {
  readonly #most: number;
  #now = 0;
  #seen = 0;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  enter(): void {
    if (++this.#now > this.#seen) this.#seen = this.#now;
  }

  leave(): void {
    this.#now--;
    this.#count++;
  }

  /** A task that is inside once, and gives way there. */
  task(): () => Promise<void> {
    return async () => {
      this.enter();
      await undefined;
      this.leave();
    };
  }

  done(count: number): void {
    check(this.#seen, this.#most);
    check(this.#count, count);
  }
}

/** The source of the pipelines: 0, 1, … n - 1. */
export function* numbers(n: number): Generator<number, void, undefined> {
  for (let i = 0; i < n; i++) yield i;
}

/** Runs so many tasks at once, and waits for all. */
export async function inParallel(tasks: number, body: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: tasks }, (_, index) => body(index)));
}
