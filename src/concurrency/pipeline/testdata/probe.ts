/** A source of 0, 1, 2 ... that tells how far it was pulled and whether it was closed. */
export class Probe implements AsyncIterable<number>, Iterable<number> {
  readonly #count: number;
  readonly #failAt: number;
  /** Elements that were asked for. */
  pulled = 0;
  /** Calls of `return`. */
  returned = 0;

  constructor({ count = Number.POSITIVE_INFINITY, failAt = -1 }: { count?: number; failAt?: number } = {}) {
    this.#count = count;
    this.#failAt = failAt;
  }

  [Symbol.iterator](): Iterator<number> {
    return {
      next: () => {
        if (this.pulled === this.#failAt) throw new Error('source failed');
        return this.pulled < this.#count ? { value: this.pulled++, done: false } : { value: undefined, done: true };
      },
      return: () => {
        this.returned++;
        return { value: undefined, done: true };
      },
    };
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    const iterator = this[Symbol.iterator]();
    return { next: async () => iterator.next(), return: async () => iterator.return!() };
  }

  /** Only the plain iterator: no promise between source and stage. */
  get sync(): Iterable<number> {
    return { [Symbol.iterator]: () => this[Symbol.iterator]() };
  }
}

/** A call that waits until the test lets it go on. */
export interface Call {
  readonly item: number;
  readonly resolve: (result: number) => void;
  readonly reject: (error: unknown) => void;
}

/** A function whose calls the test ends one by one. */
export function heldCalls() {
  const calls: Call[] = [];
  const fn = (item: number): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    calls.push({ item, resolve, reject });
    return promise;
  };
  return { fn, calls };
}

/** Lets promises settle. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
