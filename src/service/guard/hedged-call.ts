import type { CancelContext, Context, Timer } from '../../concurrency/index.ts';
import { askAgainMs } from '../../guard/index.ts';

/** One try of a call; it ends with its Context. */
export type Try<O> = (ctx: Context) => Promise<O>;

/** Undefined: there is none. `later`: it cannot be paid now, ask again. */
export type Second<O> = Try<O> | 'later' | undefined;

/** Whether it is asked again. */
type AskSecond<O> = (isAgain: boolean) => Second<O>;

/**
 * Starts a second try when the first has not ended after `delayMs`, if `second` gives one then; where it says later, it is
 * asked again while the first works, after longer and longer pauses. The first success is the answer, and the other try is
 * cancelled; a failure waits for the other, and the first one's is thrown. The loser is told to end, not waited for: its
 * caller has the answer.
 */
export function hedgedCall<O>(ctx: Context, delayMs: number, first: Try<O>, second: AskSecond<O>): Promise<O> {
  return new HedgedCall(ctx, first, second).run(delayMs);
}

class HedgedCall<O> {
  readonly #ctx: Context;
  readonly #first: Try<O>;
  readonly #second: AskSecond<O>;
  readonly #answer = Promise.withResolvers<O>();
  readonly #tries: CancelContext[] = [];
  #timer: Timer | undefined;
  #running = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(ctx: Context, first: Try<O>, second: AskSecond<O>) {
    this.#ctx = ctx;
    this.#first = first;
    this.#second = second;
  }

  run(delayMs: number): Promise<O> {
    this.#hedgeAfter(delayMs, delayMs, false);
    this.#start(this.#first);
    return this.#answer.promise;
  }

  #hedgeAfter(waitMs: number, tookMs: number, isAgain: boolean): void {
    this.#timer = this.#ctx.clock.after(waitMs, () => this.#hedge(tookMs, isAgain));
  }

  #hedge(tookMs: number, isAgain: boolean): void {
    const second = this.#ctx.err() === undefined ? this.#second(isAgain) : undefined;
    if (second === 'later') this.#hedgeAfter(askAgainMs(tookMs), tookMs + askAgainMs(tookMs), true);
    else if (second !== undefined) this.#start(second);
  }

  #start(one: Try<O>): void {
    const ctx = this.#ctx.withCancel();
    this.#tries.push(ctx);
    this.#running++;
    one(ctx).then(
      (output) => this.#end(() => this.#answer.resolve(output)),
      (error) => {
        this.#failure ??= { error };
        ctx.cancel();
        this.#running--;
        if (this.#running === 0) this.#end(() => this.#answer.reject(this.#failure?.error));
      },
    );
  }

  #end(settle: () => void): void {
    this.#timer?.stop();
    settle();
    for (const ctx of this.#tries) ctx.cancel();
  }
}
