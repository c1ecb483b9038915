import { yieldNow } from '../parking/turns.ts';
import type { Run } from './run.ts';

/** So many elements in a row pass without a look at the clock. */
const elementsPerLook = 64;
/** After so many of those looks, or so many milliseconds, the event loop gets a turn. */
const looksPerTurn = 16;
const turnMs = 5;

/**
 * How a source that never waits stays polite: it notices a deadline that passed, and gives the event loop a turn every so
 * often. At the source, since every loop of the stages behind it, such as a filter that drops all, runs through there.
 */
export class Pace {
  readonly #run: Run;
  #left = elementsPerLook;
  #looks = 0;
  #since: number | undefined;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Counts an element, and tells whether to await `turn` before it. Throws if the run has ended. */
  isDue(): boolean {
    this.#run.look();
    return --this.#left <= 0 && this.#look();
  }

  async turn(): Promise<void> {
    await yieldNow();
    this.#looks = 0;
    this.#since = this.#run.scope.clock.now();
    this.#run.scope.throwIfDone();
  }

  #look(): boolean {
    this.#left = elementsPerLook;
    this.#run.scope.throwIfDone();
    const now = this.#run.scope.clock.now();
    this.#since ??= now;
    return ++this.#looks >= looksPerTurn || now - this.#since >= turnMs;
  }
}
