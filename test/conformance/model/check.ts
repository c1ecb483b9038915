import fc from 'fast-check';
import { Execution } from './execution.ts';
import { type Program, programs } from './program.ts';
import { type Subject, tools } from './subject.ts';

export interface CheckOptions {
  /** How many random programs. */
  readonly runs: number;
  readonly seed: number;
  /** Default: the real tools. */
  readonly subject?: Subject;
  /** Called after every so many programs. Default: never. */
  readonly progress?: { readonly every: number; readonly call: (done: number) => void };
}

/**
 * Runs random programs on the tools and on the model. Throws with the smallest program found that makes them differ, and
 * the seed that finds it again.
 */
export async function check({ runs, seed, subject = tools, progress }: CheckOptions): Promise<void> {
  let done = 0;
  const property = fc.asyncProperty(programs, async (program) => {
    await runProgram(program, subject);
    if (progress !== undefined && ++done % progress.every === 0) progress.call(done);
  });
  await fc.assert(property, { numRuns: runs, seed, endOnFailure: subject !== tools });
}

/** Runs one program. The choices of its selects come from its own seed, so that it does the same each time. */
export async function runProgram(program: Program, subject: Subject): Promise<void> {
  const { random } = Math;
  Math.random = generator(program.luck);
  try {
    await new Execution(program, subject).run();
  } finally {
    Math.random = random;
  }
}

/** A small generator of numbers from 0 to 1: multiplication modulo a prime. */
function generator(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
