import type { CancelContext, Context, ContextKey, Stop } from 'flotilla/concurrency';

/**
 * A Context that this package did not make: it offers the public contract and nothing else, in front of another one. It
 * counts the functions that are registered with it.
 */
export class ForeignContext implements Context {
  readonly #inner: Context;
  registered = 0;

  constructor(inner: Context) {
    this.#inner = inner;
  }

  get deadline(): number | undefined {
    return this.#inner.deadline;
  }

  get clock(): Context['clock'] {
    return this.#inner.clock;
  }

  get signal(): AbortSignal {
    return this.#inner.signal;
  }

  remainingMs(): number {
    return this.#inner.remainingMs();
  }

  err(): ReturnType<Context['err']> {
    return this.#inner.err();
  }

  cause(): unknown {
    return this.#inner.cause();
  }

  value<T>(key: ContextKey<T>): T {
    return this.#inner.value(key);
  }

  throwIfDone(): void {
    this.#inner.throwIfDone();
  }

  withTimeout(ms: number, cause?: unknown): CancelContext {
    return this.#inner.withTimeout(ms, cause);
  }

  withDeadline(deadline: number, cause?: unknown): CancelContext {
    return this.#inner.withDeadline(deadline, cause);
  }

  withCancel(): CancelContext {
    return this.#inner.withCancel();
  }

  withValue<T>(key: ContextKey<T>, value: T): Context {
    return new ForeignContext(this.#inner.withValue(key, value));
  }

  withoutCancel(): Context {
    return new ForeignContext(this.#inner.withoutCancel());
  }

  onDone(fn: () => void): Stop {
    let left = false;
    const leave = () => {
      if (!left) this.registered--;
      left = true;
    };
    this.registered++;
    const stop = this.#inner.onDone(() => {
      leave();
      fn();
    });
    return () => {
      leave();
      return stop();
    };
  }
}
