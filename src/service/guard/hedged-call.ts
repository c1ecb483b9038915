import type { CancelContext, Context, Timer } from '../../concurrency/index.ts';

/** One try of a call; it ends with its Context. */
export type Try<O> = (ctx: Context) => Promise<O>;

/**
 * Starts a second try when the first has not ended after `delayMs`, if `second` gives one then. The first success is the
 * answer, and the other try is cancelled; a failure waits for the other, and the first one's is thrown. The loser is told
 * to end, not waited for: its caller has the answer.
 */
export function hedgedCall<O>(
  ctx: Context,
  delayMs: number,
  first: Try<O>,
  second: () => Try<O> | undefined,
): Promise<O> {
  return new HedgedCall(ctx, first, second).run(delayMs);
}

class HedgedCall<O> {
  readonly #ctx: Context;
  readonly #first: Try<O>;
  readonly #second: () => Try<O> | undefined;
  readonly #answer = Promise.withResolvers<O>();
  readonly #tries: CancelContext[] = [];
  #timer: Timer | undefined;
  #running = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(ctx: Context, first: Try<O>, second: () => Try<O> | undefined) {
    this.#ctx = ctx;
    this.#first = first;
    this.#second = second;
  }

  run(delayMs: number): Promise<O> {
    this.#timer = this.#ctx.clock.after(delayMs, () => this.#hedge());
    this.#start(this.#first);
    return this.#answer.promise;
  }

  #hedge(): void {
    const second = this.#ctx.err() === undefined ? this.#second() : undefined;
    if (second !== undefined) this.#start(second);
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
