import { type End, end, type Pulled, type Stage, Through } from './stage.ts';
import { Stepped, skip } from './stepped.ts';

/** Pulls no more than it gives. */
export class TakeStage<T> extends Through<T> implements Stage<T> {
  #left: number;

  constructor(upstream: Stage<T>, count: number) {
    super(upstream);
    this.#left = count;
  }

  pull(): Pulled<T> {
    if (this.#left === 0) return end;
    this.#left--;
    return this.upstream.pull();
  }
}

/** Holds up to `size` elements: those of the window to come. */
export class WindowStage<T> extends Stepped<T, T[]> {
  readonly #size: number;
  readonly #step: number;
  #items: T[] = [];
  /** Elements between two windows, where the step is longer than the window. */
  #gap = 0;

  constructor(upstream: Stage<T>, size: number, step: number) {
    super(upstream);
    this.#size = size;
    this.#step = step;
  }

  protected accept(item: T | End): T[] | End | typeof skip {
    if (item === end) return end;
    if (this.#gap > 0) {
      this.#gap--;
      return skip;
    }
    this.#items.push(item);
    if (this.#items.length < this.#size) return skip;
    const window = this.#items;
    this.#items = window.slice(this.#step);
    this.#gap = Math.max(0, this.#step - this.#size);
    return window;
  }
}

/** Holds up to `size` elements: those of the batch to come. */
export class BatchStage<T> extends Stepped<T, T[]> {
  readonly #size: number;
  #items: T[] = [];
  #isOver = false;

  constructor(upstream: Stage<T>, size: number) {
    super(upstream);
    this.#size = size;
  }

  protected override step(): Pulled<T[] | typeof skip> {
    return this.#isOver ? end : super.step();
  }

  protected accept(item: T | End): T[] | End | typeof skip {
    if (item === end) this.#isOver = true;
    else if (this.#items.push(item) < this.#size) return skip;
    const batch = this.#items;
    this.#items = [];
    return batch.length === 0 ? end : batch;
  }
}
