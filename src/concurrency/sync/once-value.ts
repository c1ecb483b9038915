import { StatusError } from '../../errors/index.ts';

export interface OnceValueOptions {
  /** Whether a failure (a throw or a rejection) is forgotten, so that the next call tries again. Default: false. */
  readonly retry?: boolean;
}

/**
 * Calls `fn` with the first call and gives its outcome to that call and all others: the value, the promise if `fn` is
 * async, or the error it threw. `fn` is let go when its outcome is known. Throws `failed_precondition`,
 * `ONCE_REENTERED`, if `fn` calls it before it has an outcome.
 *
 *     const config = onceValue(() => readConfig(ctx));
 *     const { port } = await config();
 */
export function onceValue<T>(fn: () => T, { retry = false }: OnceValueOptions = {}): () => T {
  const memo = new Memo(fn, retry);
  return () => memo.get();
}

class Memo<T> {
  #fn: (() => T) | undefined;
  readonly #retry: boolean;
  #state: 'new' | 'running' | 'value' | 'error' = 'new';
  #outcome: unknown;

  constructor(fn: () => T, retry: boolean) {
    this.#fn = fn;
    this.#retry = retry;
  }

  get(): T {
    if (this.#state === 'value') return this.#outcome as T;
    if (this.#state === 'error') throw this.#outcome;
    if (this.#state === 'running')
      throw new StatusError('failed_precondition', 'onceValue: the function called itself', {
        reason: 'ONCE_REENTERED',
      });
    return this.#run(this.#fn!);
  }

  #run(fn: () => T): T {
    this.#state = 'running';
    try {
      let value = fn();
      this.#state = 'value';
      if (this.#retry && value instanceof Promise) value = this.#watch(value) as T;
      else this.#fn = undefined;
      this.#outcome = value;
      return value;
    } catch (error) {
      this.#state = this.#retry ? 'new' : 'error';
      if (!this.#retry) {
        this.#outcome = error;
        this.#fn = undefined;
      }
      throw error;
    }
  }

  /** The promise for the callers, which is forgotten if it fails: of the given one this look would count as handling. */
  #watch<V>(promise: Promise<V>): Promise<V> {
    return promise.then(
      (value) => {
        this.#fn = undefined;
        return value;
      },
      (error: unknown) => {
        this.#state = 'new';
        this.#outcome = undefined;
        throw error;
      },
    );
  }
}
