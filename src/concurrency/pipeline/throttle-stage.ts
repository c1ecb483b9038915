import { Ring } from '../channel/ring.ts';
import type { Context } from '../context/context.ts';
import { sleep } from '../time/wait.ts';
import { type End, end, type Pulled, type Stage, Through } from './stage.ts';

/** Holds one element while it waits, and the times of the last `count`. */
export class ThrottleStage<T> extends Through<T> implements Stage<T> {
  readonly #ctx: Context;
  readonly #count: number;
  readonly #perMs: number;
  readonly #times = new Ring<number>();

  constructor(upstream: Stage<T>, ctx: Context, count: number, perMs: number) {
    super(upstream);
    this.#ctx = ctx;
    this.#count = count;
    this.#perMs = perMs;
  }

  pull(): Pulled<T> {
    const item = this.upstream.pull();
    return item instanceof Promise ? item.then(this.#admit) : this.#admit(item);
  }

  readonly #admit = (item: T | End): Pulled<T> => {
    if (item === end) return end;
    const now = this.#ctx.clock.now();
    const waitMs = this.#times.length < this.#count ? 0 : this.#times.at(0)! + this.#perMs - now;
    if (waitMs <= 0) return this.#pass(item, now);
    return sleep(this.#ctx, waitMs).then(() => this.#pass(item, this.#ctx.clock.now()));
  };

  #pass(item: T, now: number): T {
    if (this.#times.length === this.#count) this.#times.shift();
    this.#times.push(now);
    return item;
  }
}
