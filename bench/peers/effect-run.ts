import { Effect } from 'effect';
import type { Work } from '../concurrency/work.ts';

/**
 * Effect, each row in the faster of the forms tried (generator or `whileLoop`, `withPermits` or `take` and `release`,
 * the `Unsafe` calls where our row has its own ready path), all inside one `runPromise` on the default scheduler; one
 * that uses microtasks was no faster. Not used: `takeAll`, which takes many messages by one operation.
 */
export function run(work: (n: number) => Effect<void>): Work {
  return (n) => Effect.runPromise(work(n));
}
