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
    this.#iterator?.return?.();
  }

  #next(): Pulled<T> {
    this.#iterator ??= this.#iterable[Symbol.iterator]();
    const { value, done } = this.#ask(this.#iterator);
    if (done === true) {
      this.#isOver = true;
      return end;
    }
    return isThenable(value) ? interruptible<T | End>(this.#run.scope, value) : value;
  }

  #ask(iterator: Iterator<T | PromiseLike<T>>): IteratorResult<T | PromiseLike<T>, unknown> {
    try {
      return iterator.next();
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }
}
