import type { Context } from '../../concurrency/index.ts';

/** Calls `fn` once when the server begins to drain; the result takes it back. */
export type OnDrain = (fn: () => void) => () => void;

export interface FollowOptions<T, C> {
  /** What a value is on the wire. */
  readonly encode: (value: T) => C;
  /** What is sent after so many milliseconds of silence; 0: never. Default: nothing. */
  readonly idle?: { readonly chunk: C; readonly ms: number };
  /** Ends the stream, as if the source had ended. Default: it does not. */
  readonly onDrain?: OnDrain;
}

/**
 * The source's values as chunks, for as long as the call is wanted: throws the Context's error when it ends, even while
 * the source is waiting for something else. The source's `return` is called whenever it is left early.
 */
export async function* follow<T, C>(
  ctx: Context,
  source: AsyncIterable<T>,
  options: FollowOptions<T, C>,
): AsyncGenerator<C> {
  const { encode, idle } = options;
  const steps = new Steps(ctx, source[Symbol.asyncIterator](), options.onDrain);
  try {
    for (;;) {
      const step = await steps.next(idle?.ms ?? 0);
      if (step === 'drain') return;
      if (step !== 'idle') {
        if (step.done === true) return;
        yield encode(step.value);
      } else if (idle !== undefined) {
        yield idle.chunk;
      }
    }
  } finally {
    steps.close();
  }
}

/**
 * What happens first: the next value, silence, the drain, or the end of the Context. `Promise.race` would be shorter, but
 * each round would leave a reaction on the promises that outlive it.
 */
class Steps<T> {
  readonly #ctx: Context;
  readonly #iterator: AsyncIterator<T>;
  readonly #stops: (() => unknown)[];
  #pending = false;
  #result: IteratorResult<T> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isDraining = false;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(ctx: Context, iterator: AsyncIterator<T>, onDrain: OnDrain | undefined) {
    this.#ctx = ctx;
    this.#iterator = iterator;
    this.#stops = [ctx.onDone(() => this.#wake())];
    const drain = () => {
      this.#isDraining = true;
      this.#wake();
    };
    if (onDrain !== undefined) this.#stops.push(onDrain(drain));
  }

  async next(idleMs: number): Promise<IteratorResult<T> | 'idle' | 'drain'> {
    this.#ctx.throwIfDone();
    if (!this.#pending) this.#pull();
    const isSilent = await this.#settle(idleMs);
    this.#ctx.throwIfDone();
    if (this.#failure !== undefined) throw this.#failure.error;
    const result = this.#result;
    if (result === undefined) return isSilent ? 'idle' : 'drain';
    this.#result = undefined;
    return result;
  }

  close(): void {
    for (const stop of this.#stops) stop();
    if (this.#isOver) return;
    this.#isOver = true;
    // A generator in the middle of an `await` cleans up when that ends; it knows the Context, so nobody waits here.
    Promise.try(async () => this.#iterator.return?.()).catch(() => {});
  }

  #pull(): void {
    this.#pending = true;
    this.#iterator.next().then(
      (result) => {
        this.#pending = false;
        this.#isOver ||= result.done === true;
        this.#result = result;
        this.#wake();
      },
      (error: unknown) => {
        this.#isOver = true;
        this.#failure = { error };
        this.#wake();
      },
    );
  }

  /** Waits for one of the four; true if it was silence. */
  #settle(idleMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = idleMs > 0 ? this.#ctx.clock.after(idleMs, () => resolve(true)) : undefined;
      this.#wake = () => {
        timer?.stop();
        resolve(false);
      };
      if (this.#isDraining || this.#ctx.err() !== undefined) this.#wake();
    });
  }
}
