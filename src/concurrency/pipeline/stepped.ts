import { type End, type Pulled, type Stage, Through } from './stage.ts';

/** What a step gives that took an element and has none to give yet. */
export const skip: unique symbol = Symbol('skip');

/**
 * A stage that may take several elements for one that it gives. It goes through them in a loop, never by a promise that
 * waits for the next one: a filter that drops a million elements would chain a million.
 */
export abstract class Stepped<T, R> extends Through<T> implements Stage<R> {
  pull(): Pulled<R> {
    for (;;) {
      const out = this.step();
      if (out instanceof Promise) return out.then(this.#proceed);
      if (out !== skip) return out as R | End;
    }
  }

  /** One step: an element, the end, or `skip` for one more. By default takes one element and accepts it. */
  protected step(): Pulled<R | typeof skip> {
    const item = this.upstream.pull();
    return item instanceof Promise ? item.then(this.#accept) : this.accept(item);
  }

  protected abstract accept(item: T | End): Pulled<R | typeof skip>;

  readonly #accept = (item: T | End): Pulled<R | typeof skip> => this.accept(item);

  readonly #proceed = (out: R | typeof skip | End): Pulled<R> => (out === skip ? this.#goOn() : (out as R | End));

  async #goOn(): Promise<R | End> {
    for (;;) {
      const out = this.step();
      const settled: R | typeof skip | End = out instanceof Promise ? await out : out;
      if (settled !== skip) return settled as R | End;
    }
  }
}
