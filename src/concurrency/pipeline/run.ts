import type { CancelContext, Context } from '../context/context.ts';
import { DoneListener, isKnownDone, listen } from '../context/done-listener.ts';
import { Pace } from './pace.ts';

/** What the stages of one pipeline share: the Context that all their waits and functions get, and the first error. */
export class Run {
  /** What the pipeline was made with. */
  readonly ctx: Context;
  /** A child that ends with the pipeline, however that ends. */
  readonly scope: CancelContext;
  readonly #pace: Pace;
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;
  #isHeld = false;

  constructor(ctx: Context) {
    this.ctx = ctx;
    this.scope = ctx.withCancel();
    this.#pace = new Pace(this.scope);
  }

  /**
   * Ends the scope, with the error as the cause, and gives the first error that it was told of: the later ones are mostly
   * functions that report that cancellation. After `end` it only gives the error back.
   */
  fail(error: unknown): unknown {
    if (this.#isEnded) return error;
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
    if (this.#failure !== undefined) return;
    this.#isEnded = true;
    // Not disposed: debug mode takes a wait under a Context that is disposed for a mistake, and this one is ended on purpose.
    this.scope.cancel();
  }

  /**
   * Keeps the scope watched until the run ends, which its consumer must see to: otherwise each of its waits would enter and
   * leave all Contexts above, and arm and disarm the timer of a deadline.
   */
  hold(): void {
    if (this.#isHeld || isKnownDone(this.scope)) return;
    this.#isHeld = true;
    listen(this.scope, new Hold());
  }

  /** Throws if the scope is known to be done: without a look at the clock. */
  look(): void {
    if (isKnownDone(this.scope)) this.scope.throwIfDone();
  }

  /**
   * What a source does before an element that it need not wait for: throws if the run has ended, and gives a promise to
   * await first where the event loop is due for a turn.
   */
  step(): Promise<void> | undefined {
    this.look();
    return this.#pace.isDue() ? this.#pace.turn() : undefined;
  }
}

/** It only has to be there. */
class Hold extends DoneListener {
  override contextDone(): void {}
}
