import { AsyncLocalStorage } from 'node:async_hooks';
import { type StepReader, StepStream } from './step-stream.ts';

/**
 * Opens an iterable: as steps, whatever it is made of. Its code runs, whoever takes the steps, as from where it was opened: with
 * the same current Context, and the same stores of the program's own. Throws a TypeError for what cannot be iterated.
 */
export function stepsOf<T>(iterable: AsyncIterable<T>): StepStream<T> {
  const iterator = iteratorOf(iterable);
  return iterator instanceof StepStream ? iterator : new IteratorSteps(iterator);
}

function iteratorOf<T>(iterable: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> {
  if (Symbol.asyncIterator in iterable) return iterable[Symbol.asyncIterator]();
  if (!(Symbol.iterator in iterable)) throw new TypeError('a stream is to be an async iterable');
  // What types forbid, and `for await` takes.
  return (async function* () {
    yield* iterable;
  })();
}

/** An iterator of the program. */
class IteratorSteps<T> extends StepStream<T> {
  readonly #iterator: AsyncIterator<T>;
  #reader: StepReader<T> | undefined;
  #isOver = false;
  readonly #enter = AsyncLocalStorage.snapshot();
  readonly #next = () => this.#iterator.next();
  // Two for the whole stream, and not two for each step.
  readonly #onResult = (step: IteratorResult<T>) => {
    if (step.done === true) {
      this.#isOver = true;
      this.#reader!.onDone();
    } else {
      this.#reader!.onStep(step.value);
    }
  };
  readonly #onError = (error: unknown) => {
    this.#isOver = true;
    this.#reader!.onFail(error);
  };

  constructor(iterator: AsyncIterator<T>) {
    super();
    this.#iterator = iterator;
  }

  override pull(reader: StepReader<T>): void {
    if (this.#isOver) {
      reader.onDone();
      return;
    }
    this.#reader = reader;
    let step: Promise<IteratorResult<T>>;
    try {
      step = Promise.resolve(this.#enter(this.#next));
    } catch (error) {
      this.#onError(error);
      return;
    }
    step.then(this.#onResult, this.#onError);
  }

  override leave(): Promise<unknown> | undefined {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    try {
      const left: unknown = this.#enter(() => this.#iterator.return?.());
      // `for await` takes also what is no promise, and so does the stream.
      return left === undefined ? undefined : Promise.resolve(left);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
