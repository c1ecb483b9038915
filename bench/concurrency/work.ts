import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Contestant } from '../harness.ts';
import type { RowName } from './rows.ts';
import { batchOf } from './rows.ts';

/** Does that many operations, a multiple of the row's batch, and throws if they were not done. */
export type Work = (operations: number) => Promise<void>;

/** What one contestant does in the rows that it takes part in. */
export type Works = Readonly<Partial<Record<RowName, Work>>>;

/**
 * Measures every row of a contestant: nanoseconds of CPU time per operation. The first round, which does not count,
 * finds how many operations take about `targetMs`; the same number is measured from then on, each time on a clean heap.
 */
export function contestant(works: Works, targetMs: number): Contestant {
  const counts = new Map<string, number>();
  return async () => {
    const measured: Record<string, number> = {};
    for (const [row, work] of Object.entries(works)) {
      let count = counts.get(row);
      if (count === undefined) {
        count = await calibrate(work, batchOf(row), targetMs);
        counts.set(row, count);
      }
      measured[row] = ((await timed(work, count)) * 1e6) / count;
    }
    return measured;
  };
}

async function calibrate(work: Work, batch: number, targetMs: number): Promise<number> {
  for (let count = roundUp(1000, batch); ; count *= 4) {
    const took = await timed(work, count);
    if (took * 4 >= targetMs) return roundUp((count * targetMs) / took, batch);
  }
}

/**
 * Milliseconds of CPU time of all threads, the garbage collector's included. No work here ever waits for anything, so
 * on a calm machine this is the time that passes, or a little more; on a busy one it is disturbed less.
 */
async function timed(work: Work, count: number): Promise<number> {
  collectGarbage();
  const before = process.cpuUsage();
  await work(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function roundUp(count: number, batch: number): number {
  return Math.ceil(count / batch) * batch;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Throws unless a row's work came to what it must come to. */
export function check(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`the work was not done: it came to ${got} instead of ${wanted}`);
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

  done(count: number): void {
    check(this.#seen, this.#most);
    check(this.#count, count);
  }
}

/** Runs so many tasks at once, and waits for all. */
export async function inParallel(tasks: number, body: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: tasks }, (_, index) => body(index)));
}
