import type { Context } from '../context/context.ts';
import { isThenable } from '../parking/thenable.ts';
import type { ElementFn } from './options.ts';
import { type End, end, type Pulled, type Stage } from './stage.ts';
import { Stepped, skip } from './stepped.ts';

type AnyFn = (item: unknown, ctx: Context) => unknown;

/**
 * Any number of `map` and `filter` in a row, fused: one loop per element instead of a stage each. Types change from step to
 * step, so they are known only outside. Holds nothing between pulls.
 */
export class ElementStage<T, R> extends Stepped<T, R> {
  readonly #ctx: Context;
  readonly #fns: AnyFn[] = [];
  /** Whether the function at this index is a filter's. */
  readonly #isFilter: boolean[] = [];

  constructor(upstream: Stage<T>, ctx: Context) {
    super(upstream);
    this.#ctx = ctx;
  }

  /** The stage that ends in `map(fn)`: `stage` itself, with one more step, if it is one of these. */
  static map<T, R>(stage: Stage<T>, ctx: Context, fn: ElementFn<T, R>): Stage<R> {
    return ElementStage.#with(stage, ctx, fn as AnyFn, false) as Stage<R>;
  }

  static filter<T>(stage: Stage<T>, ctx: Context, fn: ElementFn<T, unknown>): Stage<T> {
    return ElementStage.#with(stage, ctx, fn as AnyFn, true) as Stage<T>;
  }

  static #with(stage: Stage<unknown>, ctx: Context, fn: AnyFn, isFilter: boolean): Stage<unknown> {
    const fused = stage instanceof ElementStage ? stage : new ElementStage<unknown, unknown>(stage, ctx);
    fused.#fns.push(fn);
    fused.#isFilter.push(isFilter);
    return fused;
  }

  protected accept(item: T | End): Pulled<R | typeof skip> {
    if (item === end) return end;
    const fns = this.#fns;
    let value: unknown = item;
    for (let i = 0; i < fns.length; i++) {
      const out = fns[i]!(value, this.#ctx);
      if (isThenable(out)) return this.#goOn(out, i, value);
      if (!this.#isFilter[i]) value = out;
      else if (!out) return skip;
    }
    return value as R;
  }

  /** The rest of the loop, from the step whose outcome is a promise. */
  async #goOn(pending: PromiseLike<unknown>, step: number, item: unknown): Promise<R | typeof skip> {
    const fns = this.#fns;
    let out = await pending;
    let value = item;
    for (let i = step; ; ) {
      if (!this.#isFilter[i]) value = out;
      else if (!out) return skip;
      if (++i === fns.length) return value as R;
      const next = fns[i]!(value, this.#ctx);
      out = isThenable(next) ? await next : next;
    }
  }
}
