import type { Context } from '../context/context.ts';
import { isKnownDone } from '../context/done-listener.ts';
import { Waiting } from '../parking/waiting.ts';

/** A wait for a source that ends with the Context. The outcome that the source gives later, if it does, is dropped. */
export class Interruptible<T> extends Waiting<T> {
  readonly #scope: Context;
  #isOver = false;

  constructor(scope: Context) {
    super(scope);
    this.#scope = scope;
  }

  override begin(): Promise<T> {
    // The source may have canceled it when it was asked.
    if (isKnownDone(this.#scope)) {
      this.#isOver = true;
      this.#scope.throwIfDone();
    }
    return super.begin();
  }

  arrived(value: T): void {
    if (!this.#isOver) this.deliver(value);
  }

  failed(error: unknown): void {
    if (!this.#isOver) this.fail(error);
  }

  describe(): string {
    return 'next element of the source of a pipeline';
  }

  protected leave(): void {
    this.#isOver = true;
  }
}

/** Waits for an element that is a promise. */
export function interruptible<T>(scope: Context, promise: PromiseLike<T>): Promise<T> {
  const wait = new Interruptible<T>(scope);
  Promise.resolve(promise).then(
    (value) => wait.arrived(value),
    (error: unknown) => wait.failed(error),
  );
  return wait.begin();
}
