/**
 * Who reads a {@link StepStream}: of these exactly one is called for each pull, within it or later. None of them must throw.
 */
export interface StepReader<T> {
  onStep(value: T): void;
  /** There are no more. */
  onDone(): void;
  onFail(error: unknown): void;
}

/**
 * A stream that tells a reader its next value instead of promising it. What lies between the two ends of a stream (a limit in
 * time, a span, a translation) then costs a call per value, and not a promise and a turn of the microtask queue each; only a
 * program, which iterates it like any other, gets promises. For one reader that takes one step after the other.
 */
export abstract class StepStream<T> implements AsyncIterableIterator<T> {
  #promised: PromisedSteps<T> | undefined;

  /** Takes a step; the last one must have been told. */
  abstract pull(reader: StepReader<T>): void;

  /** Nobody reads on. The promise resolves when the source has cleaned up; undefined: there is nothing to wait for. */
  abstract leave(): Promise<unknown> | undefined;

  next(): Promise<IteratorResult<T>> {
    this.#promised ??= new PromisedSteps();
    return this.#promised.next(this);
  }

  async return(value?: unknown): Promise<IteratorResult<T>> {
    await this.leave();
    return { done: true, value };
  }

  /** For libraries that end a stream so. */
  async throw(error?: unknown): Promise<IteratorResult<T>> {
    await this.leave();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Reads a stream for somebody who wants promises. */
class PromisedSteps<T> implements StepReader<T> {
  #resolve: Resolve | undefined;
  #reject: Reject | undefined;
  #newest: Promise<IteratorResult<T>> | undefined;
  /** Steps that were asked for before the one before them had come. */
  #queued = 0;

  next(stream: StepStream<T>): Promise<IteratorResult<T>> {
    if (this.#resolve !== undefined || this.#queued > 0) return this.#later(stream);
    const promise = this.#take(stream);
    this.#newest = promise;
    return promise;
  }

  onStep(value: T): void {
    (this.#settle() as (step: IteratorResult<T>) => void)({ done: false, value });
  }

  onDone(): void {
    this.#settle()({ done: true, value: undefined });
  }

  onFail(error: unknown): void {
    const reject = this.#reject!;
    this.#settle();
    reject(error);
  }

  #take(stream: StepStream<T>): Promise<IteratorResult<T>> {
    const promise = new Promise<IteratorResult<T>>(takeResolvers);
    this.#resolve = lastResolve;
    this.#reject = lastReject;
    stream.pull(this);
    return promise;
  }

  #later(stream: StepStream<T>): Promise<IteratorResult<T>> {
    this.#queued++;
    const take = () => {
      this.#queued--;
      return this.#take(stream);
    };
    this.#newest = this.#newest!.then(take, take);
    return this.#newest;
  }

  #settle(): Resolve {
    const resolve = this.#resolve!;
    this.#resolve = undefined;
    return resolve;
  }
}

type Resolve = (step: IteratorResult<never>) => void;
type Reject = (error: unknown) => void;

// One executor for all promises, so that none needs a closure of its own. It runs within the constructor of the promise.
let lastResolve: Resolve;
let lastReject: Reject;
function takeResolvers(resolve: Resolve, reject: Reject): void {
  lastResolve = resolve;
  lastReject = reject;
}
