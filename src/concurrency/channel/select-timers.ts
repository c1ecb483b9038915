import type { Context } from '../context/context.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { select } from './select.ts';
import { type Case, type CaseWaiter, notReady } from './select-case.ts';

/**
 * A case that becomes ready once, `ms` milliseconds from now, and gives the time at which it did (on the scale of
 * `ctx.clock.now()`): Go's `time.After`. The time runs from this call, however many selects use it. It costs a timer only
 * while a select waits on it; `ctx` gives the clock.
 */
export function after(ctx: Context, ms: number): Case<number> {
  if (!(ms >= 0)) throw new RangeError(`after: ${ms} is not a number of milliseconds from 0`);
  return new After(ctx.clock, ctx.clock.now() + ms, ms);
}

class After implements Case<number> {
  readonly #clock: Clock;
  readonly #due: number;
  readonly #ms: number;
  #isOver = false;

  constructor(clock: Clock, due: number, ms: number) {
    this.#clock = clock;
    this.#due = due;
    this.#ms = ms;
  }

  attempt(): number | typeof notReady {
    if (this.#isOver) return notReady;
    const now = this.#clock.now();
    if (now < this.#due) return notReady;
    this.#isOver = true;
    return now;
  }

  park(waiter: CaseWaiter<number>): void {
    if (this.#isOver) return;
    waiter.payload = this.#clock.at(this.#due, () => {
      if (this.#isOver) return;
      this.#isOver = true;
      waiter.deliver(this.#clock.now());
    });
  }

  leave(waiter: CaseWaiter<number>): void {
    (waiter.payload as Timer | undefined)?.stop();
  }

  describe(): string {
    return `after ${this.#ms} ms`;
  }
}

/** Ticks for selects and for `for await`. */
export interface Ticker extends Case<number>, AsyncIterable<number> {}

/**
 * A case that becomes ready every `ms` milliseconds (above 0) and gives the time of the tick: Go's `time.Tick`. A tick that
 * nobody takes is kept, further ones are dropped, so a slow taker gets no backlog. Nothing runs between the waits, so it
 * needs no stop. `ctx` gives the clock, and ends a `for await` by throwing its error.
 */
export function tick(ctx: Context, ms: number): Ticker {
  if (!(ms > 0 && ms < Number.POSITIVE_INFINITY))
    throw new RangeError(`tick: ${ms} is not a number of milliseconds above 0`);
  return new Tick(ctx, ms);
}

class Tick implements Ticker {
  readonly #ctx: Context;
  readonly #ms: number;
  #due: number;

  constructor(ctx: Context, ms: number) {
    this.#ctx = ctx;
    this.#ms = ms;
    this.#due = ctx.clock.now() + ms;
  }

  attempt(): number | typeof notReady {
    const now = this.#ctx.clock.now();
    return now < this.#due ? notReady : this.#take(now);
  }

  park(waiter: CaseWaiter<number>): void {
    const { clock } = this.#ctx;
    const fire = () => {
      const now = clock.now();
      // Another select may have taken the tick that both waited for.
      if (now < this.#due) waiter.payload = clock.at(this.#due, fire);
      else waiter.deliver(this.#take(now));
    };
    waiter.payload = clock.at(this.#due, fire);
  }

  leave(waiter: CaseWaiter<number>): void {
    (waiter.payload as Timer).stop();
  }

  describe(): string {
    return `tick every ${this.#ms} ms`;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    const cases = { tick: this as Case<number> };
    for (;;) yield (await select(this.#ctx, cases)).value;
  }

  /** The tick that is due, or the last of those that nobody took. */
  #take(now: number): number {
    const at = this.#due + Math.floor((now - this.#due) / this.#ms) * this.#ms;
    this.#due = at + this.#ms;
    return at;
  }
}
