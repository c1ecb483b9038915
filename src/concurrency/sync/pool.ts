export interface PoolOptions<T> {
  /** Makes one when none is at rest. */
  readonly create: () => T;
  /** Called by `put` before an object rests, so that it keeps nothing of its last use. Default: none. */
  readonly reset?: (object: T) => void;
  /** How many rest at the most (a whole number from 0); `put` drops what is beyond. Default: 64. */
  readonly max?: number;
}

/**
 * Objects that are dear to make, kept for the next user. It never waits and bounds only what rests, not what is in use:
 * for that take a Semaphore. What `put` took must not be used any more, nor be put a second time; this is not checked.
 */
export class Pool<T> {
  readonly max: number;
  readonly #create: () => T;
  readonly #reset: ((object: T) => void) | undefined;
  readonly #resting: T[] = [];

  constructor({ create, reset, max = 64 }: PoolOptions<T>) {
    if (!Number.isSafeInteger(max) || max < 0)
      throw new RangeError(`Pool: max ${max} is not a whole number from 0 to 2^53 - 1`);
    this.max = max;
    this.#create = create;
    this.#reset = reset;
  }

  /** How many rest. */
  get size(): number {
    return this.#resting.length;
  }

  /** The one that was put last, which is likely still in the caches of the processor, or a new one. */
  get(): T {
    return this.#resting.length > 0 ? (this.#resting.pop() as T) : this.#create();
  }

  /** If `reset` throws, `put` does too, and the object is dropped. */
  put(object: T): void {
    if (this.#resting.length >= this.max) return;
    this.#reset?.(object);
    this.#resting.push(object);
  }
}
