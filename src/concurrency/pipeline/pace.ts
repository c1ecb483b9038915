import type { Context } from '../context/context.ts';
import { yieldNow } from '../parking/turns.ts';

/** So many elements in a row pass without a look at the clock. */
const elementsPerLook = 64;
/** After so many of those looks, or so many milliseconds, the event loop gets a turn. */
const looksPerTurn = 16;
const turnMs = 5;

/**
 * How the sources of a run that never wait stay polite: they notice a deadline that passed, and give the event loop a turn
 * every so often. At the sources, since every loop of the stages behind, such as a filter that drops all, runs through them.
 */
export class Pace {
  readonly #scope: Context;
  #left = elementsPerLook;
  #looks = 0;
  #since: number | undefined;

  constructor(scope: Context) {
    this.#scope = scope;
  }

  /** Counts an element, and tells whether to await `turn` before it. Throws if a passed deadline is noticed. */
  isDue(): boolean {
    return --this.#left <= 0 && this.#look();
  }

  async turn(): Promise<void> {
    await yieldNow();
    this.#looks = 0;
    this.#since = this.#scope.clock.now();
    this.#scope.throwIfDone();
  }

  #look(): boolean {
    this.#left = elementsPerLook;
    this.#scope.throwIfDone();
    const now = this.#scope.clock.now();
    this.#since ??= now;
    return ++this.#looks >= looksPerTurn || now - this.#since >= turnMs;
  }
}
