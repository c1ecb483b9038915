import type { CancelContext, Context } from '../context/context.ts';
import { isKnownDone } from '../context/done-listener.ts';

/** What the stages of one pipeline share: the Context that all their waits and functions get, and the first error. */
export class Run {
  /** What the pipeline was made with. */
  readonly ctx: Context;
  /** A child that ends with the pipeline, however that ends. */
  readonly scope: CancelContext;
  #failure: { readonly error: unknown } | undefined;

  constructor(ctx: Context) {
    this.ctx = ctx;
    this.scope = ctx.withCancel();
  }

  /**
   * Ends the scope, with the error as the cause, and gives the first error that it was told of: the later ones are mostly
   * functions that report that cancellation.
   */
  fail(error: unknown): unknown {
    if (this.#failure === undefined) {
      this.#failure = { error };
      this.scope.cancel(error);
    }
    return this.#failure.error;
  }

  /** The first error, where there was one. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Ends the scope where nothing went wrong. */
  end(): void {
    this.scope[Symbol.dispose]();
  }

  /** Throws if the scope is known to be done: without a look at the clock. */
  look(): void {
    if (isKnownDone(this.scope)) this.scope.throwIfDone();
  }
}
