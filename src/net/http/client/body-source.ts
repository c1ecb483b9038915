/**
 * The caller's pieces of a body on their way to undici, which takes the next one when the last has been written. When the
 * exchange is over the caller's iterator is told at once, even while it makes a piece.
 */
export class BodySource implements AsyncIterableIterator<string | Uint8Array> {
  /** Whether a piece has been asked for: then the body cannot be sent again. */
  isTouched = false;
  /** What the caller's iterator threw. */
  failure: { readonly error: unknown } | undefined;
  readonly #source: AsyncIterable<string | Uint8Array>;
  #iterator: AsyncIterator<string | Uint8Array> | undefined;
  #isOver = false;
  #onStop: (() => void) | undefined;

  constructor(source: AsyncIterable<string | Uint8Array>) {
    this.#source = source;
  }

  async next(): Promise<IteratorResult<string | Uint8Array>> {
    if (this.#isOver) return done;
    this.isTouched = true;
    this.#iterator ??= this.#source[Symbol.asyncIterator]();
    try {
      const step = await Promise.race([this.#iterator.next(), this.#stopped()]);
      if (step.done === true) this.#isOver = true;
      return step;
    } catch (error) {
      this.#isOver = true;
      this.failure = { error };
      throw error;
    } finally {
      this.#onStop = undefined;
    }
  }

  async return(): Promise<IteratorResult<string | Uint8Array>> {
    this.stop();
    return done;
  }

  /** Nobody takes more: leaves the caller's iterator, unless it has ended. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onStop?.();
    // What it throws while it is left is nobody's to hear: the call has its outcome.
    this.#iterator?.return?.().then(undefined, () => {});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A new one for each wait, so that nothing gathers on a promise that lives as long as the body. */
  #stopped(): Promise<IteratorResult<string | Uint8Array>> {
    return new Promise((resolve) => {
      this.#onStop = () => resolve(done);
    });
  }
}

const done = Object.freeze({ done: true, value: undefined });
