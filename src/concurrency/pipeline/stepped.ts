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
      if (out instanceof Promise) return this.#goOn(out);
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

  async #goOn(first: Promise<R | typeof skip | End>): Promise<R | End> {
    let out: R | typeof skip | End = await first;
    while (out === skip) {
      const next = this.step();
      out = next instanceof Promise ? await next : next;
    }
    return out as R | End;
  }
}
