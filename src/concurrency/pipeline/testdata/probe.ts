/** A source of 0, 1, 2 ... that tells how far it was pulled and whether it was closed. */
export class Probe implements AsyncIterable<number>, Iterable<number> {
  readonly #count: number;
  readonly #failAt: number;
  readonly #onPull: (pulled: number) => void;
  /** Elements that were asked for. */
  pulled = 0;
  /** Calls of `return`. */
  returned = 0;

  /** `failAt`: the element in whose place it throws. `onPull` hears of every element, with their number so far. */
  constructor({
    count = Number.POSITIVE_INFINITY,
    failAt = -1,
    onPull = () => {},
  }: { count?: number; failAt?: number; onPull?: (pulled: number) => void } = {}) {
    this.#count = count;
    this.#failAt = failAt;
    this.#onPull = onPull;
  }

  [Symbol.iterator](): Iterator<number> {
    return {
      next: () => {
        if (this.pulled === this.#failAt) throw new Error('source failed');
        if (this.pulled >= this.#count) return { value: undefined, done: true };
        const value = this.pulled++;
        this.#onPull(this.pulled);
        return { value, done: false };
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
