import { isThenable } from '../parking/thenable.ts';
import { interruptible } from './interruptible.ts';
import type { Run } from './run.ts';
import { type End, end, type Pulled, type Stage } from './stage.ts';

/** Elements of a plain iterable; those that are promises are awaited. */
export class IterableSource<T> implements Stage<T> {
  readonly #run: Run;
  readonly #iterable: Iterable<T | PromiseLike<T>>;
  #iterator: Iterator<T | PromiseLike<T>> | undefined;
  /** It ended, threw, or was closed: it needs no `return`. */
  #isOver = false;

  constructor(run: Run, iterable: Iterable<T | PromiseLike<T>>) {
    this.#run = run;
    this.#iterable = iterable;
  }

  pull(): Pulled<T> {
    const turn = this.#run.step();
    return turn === undefined ? this.#next() : turn.then(() => this.#next());
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Also one that was never asked for an element: what it is made from may hold something.
    this.#iterator ??= this.#iterable[Symbol.iterator]();
    this.#iterator.return?.();
  }

  #next(): Pulled<T> {
    const { value, done } = this.#ask();
    if (done === true) {
      this.#isOver = true;
      return end;
    }
    return isThenable(value) ? interruptible<T | End>(this.#run.scope, value) : value;
  }

  #ask(): IteratorResult<T | PromiseLike<T>, unknown> {
    try {
      this.#iterator ??= this.#iterable[Symbol.iterator]();
      return this.#iterator.next();
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }
}
