import type { Context, Stop, Timer } from '../../../concurrency/index.ts';

export interface FollowOptions<T, C> {
  /** What a value is on the wire. */
  readonly encode: (value: T) => C;
  /** What is sent after so many milliseconds of silence; 0: never. Default: nothing. */
  readonly idle?: { readonly chunk: C; readonly ms: number };
  /** Its end ends the stream, as if the source had ended. Default: nothing does. */
  readonly drain?: Context;
}

/** The chunks of a source. */
export interface Followed<C> extends AsyncIterableIterator<C> {
  /** The reader leaves; one that still waits is told that there is no more. */
  return(value?: unknown): Promise<IteratorResult<C>>;
}

/**
 * The source's values as chunks, for as long as the call is wanted: throws the Context's error when it ends, even while
 * the source is waiting for something else. The next value is asked for when the last chunk was taken. The source's
 * `return` is called whenever it is left early. For one reader, which asks for one chunk at a time.
 */
export function follow<T, C>(ctx: Context, source: AsyncIterable<T>, options: FollowOptions<T, C>): Followed<C> {
  return new Following(ctx, source, options);
}

/** `canceled`, `drained`: the Context, or the drain, has ended, and the reader has yet to hear of it. */
type State = 'open' | 'canceled' | 'drained' | 'over';

/** What the source did when it was asked. */
type Step<T> = IteratorResult<T> | Failure;

class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/**
 * By hand, not as a generator around a `select`: the Context and the drain are then listened to once, not for each value,
 * and a value costs one promise.
 */
class Following<T, C> implements Followed<C> {
  readonly #ctx: Context;
  readonly #source: AsyncIterable<T>;
  readonly #encode: (value: T) => C;
  readonly #idle: { readonly chunk: C; readonly ms: number } | undefined;
  readonly #drain: Context | undefined;
  #state: State = 'open';
  #hasBegun = false;
  /** Undefined before the first chunk is asked for, and once the source has ended, failed or been left. */
  #iterator: AsyncIterator<T> | undefined;
  /** The source was asked and has not answered. */
  #isAsked = false;
  /** What it answered while the reader held an idle chunk. */
  #kept: Step<T> | undefined;
  /** Of the reader that waits. */
  #resolve: ((result: IteratorResult<C>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #silence: Timer | undefined;
  #willWatch = false;
  /** So many waits are taken for real ones from the start. */
  #patience = 0;
  #leaveContext: Stop | undefined;
  #leaveDrain: Stop | undefined;

  constructor(ctx: Context, source: AsyncIterable<T>, { encode, idle, drain }: FollowOptions<T, C>) {
    this.#ctx = ctx;
    this.#source = source;
    this.#encode = encode;
    this.#idle = idle !== undefined && idle.ms > 0 ? idle : undefined;
    this.#drain = drain;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<C>> {
    return new Promise(this.#enter);
  }

  async return(): Promise<IteratorResult<C>> {
    if (!this.#hasBegun) this.#begin();
    this.#end();
    this.#resolve?.({ done: true, value: undefined });
    this.#freeReader();
    return { done: true, value: undefined };
  }

  /** The executor of every promise: one function for all of them. */
  readonly #enter = (resolve: (result: IteratorResult<C>) => void, reject: (error: unknown) => void): void => {
    if (this.#resolve !== undefined) throw new TypeError('a stream was asked for a chunk before it gave the last one');
    if (!this.#hasBegun) this.#begin();
    this.#resolve = resolve;
    this.#reject = reject;
    if (this.#state === 'canceled') this.#tellCanceled();
    else if (this.#kept !== undefined) this.#give(this.#kept);
    else if (this.#state === 'open') this.#wait();
    else this.#tellEnd();
  };

  #begin(): void {
    this.#hasBegun = true;
    this.#iterator = this.#source[Symbol.asyncIterator]();
    if (this.#ctx.err() !== undefined) this.#onCanceled();
    else if (this.#drain?.err() !== undefined) this.#onDrained();
    else {
      this.#leaveContext = this.#ctx.onDone(() => this.#onCanceled());
      this.#leaveDrain = this.#drain?.onDone(() => this.#onDrained());
    }
  }

  #wait(): void {
    if (!this.#isAsked) this.#ask();
    if (this.#idle === undefined || this.#resolve === undefined) return;
    if (this.#patience > 0) {
      this.#patience--;
      this.#silence = this.#ctx.clock.after(this.#idle.ms, this.#onSilence);
    } else if (!this.#willWatch) {
      this.#willWatch = true;
      process.nextTick(this.#watch);
    }
  }

  /**
   * Runs when no more promises are to be settled: a source that has much to give arms no timer for each value then. Who
   * waits now really waits, and most likely the next times as well; to look costs as much as four timers.
   */
  readonly #watch = (): void => {
    this.#willWatch = false;
    if (this.#resolve === undefined || this.#silence !== undefined) return;
    this.#patience = 15;
    this.#silence = this.#ctx.clock.after(this.#idle!.ms, this.#onSilence);
  };

  #ask(): void {
    this.#isAsked = true;
    try {
      Promise.resolve(this.#iterator!.next()).then(this.#onStep, this.#onFailure);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  readonly #onStep = (step: Step<T>): void => {
    this.#isAsked = false;
    if (this.#state !== 'open') return;
    if (this.#resolve === undefined) this.#kept = step;
    else this.#give(step);
  };

  readonly #onFailure = (error: unknown): void => this.#onStep(new Failure(error));

  readonly #onSilence = (): void => {
    this.#silence = undefined;
    this.#resolve?.({ done: false, value: this.#idle!.chunk });
    this.#freeReader();
  };

  #onCanceled(): void {
    if (this.#state === 'over') return;
    this.#state = 'canceled';
    this.#leaveSource();
    if (this.#resolve !== undefined) this.#tellCanceled();
  }

  #onDrained(): void {
    if (this.#state !== 'open') return;
    this.#state = 'drained';
    // What it gave already is still sent.
    if (this.#kept === undefined) this.#leaveSource();
    if (this.#resolve !== undefined) this.#tellEnd();
  }

  #give(step: Step<T>): void {
    this.#kept = undefined;
    if (step instanceof Failure || step.done === true) this.#iterator = undefined;
    if (step instanceof Failure) this.#tellFailure(step.error);
    else if (step.done === true) this.#tellEnd();
    else this.#giveValue(step.value);
  }

  #giveValue(value: T): void {
    let chunk: C;
    try {
      chunk = this.#encode(value);
    } catch (error) {
      this.#tellFailure(error);
      return;
    }
    this.#resolve?.({ done: false, value: chunk });
    this.#freeReader();
  }

  #tellCanceled(): void {
    try {
      this.#ctx.throwIfDone();
    } catch (error) {
      this.#tellFailure(error);
    }
  }

  #tellFailure(error: unknown): void {
    this.#end();
    this.#reject?.(error);
    this.#freeReader();
  }

  #tellEnd(): void {
    this.#end();
    this.#resolve?.({ done: true, value: undefined });
    this.#freeReader();
  }

  #freeReader(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#silence?.stop();
    this.#silence = undefined;
  }

  #end(): void {
    this.#state = 'over';
    this.#kept = undefined;
    this.#leaveSource();
    this.#leaveContext?.();
    this.#leaveDrain?.();
  }

  #leaveSource(): void {
    const iterator = this.#iterator;
    if (iterator === undefined) return;
    this.#iterator = undefined;
    // A generator in the middle of an `await` cleans up when that ends; it knows the Context, so nobody waits here.
    Promise.try(async () => iterator.return?.()).catch(() => {});
  }
}
