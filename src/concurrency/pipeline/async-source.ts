import type { Awaitable } from '../parking/waiting.ts';
import { Interruptible } from './interruptible.ts';
import type { Run } from './run.ts';
import { type End, end, type Pulled, type Stage } from './stage.ts';

/**
 * Elements of an async iterable. Where the run ends while `next` is pending, `return` is called and not waited for: an
 * async generator answers it only after that `next`, which may be never.
 */
export class AsyncSource<T> implements Stage<T> {
  readonly #run: Run;
  readonly #iterable: AsyncIterable<T>;
  #iterator: AsyncIterator<T> | undefined;
  /** It ended, threw, or was closed: it needs no `return`. */
  #isOver = false;
  #isPending = false;

  constructor(run: Run, iterable: AsyncIterable<T>) {
    this.#run = run;
    this.#iterable = iterable;
  }

  pull(): Pulled<T> {
    this.#run.look();
    this.#isOver = true;
    this.#iterator ??= this.#iterable[Symbol.asyncIterator]();
    const next: unknown = this.#iterator.next();
    this.#isOver = false;
    this.#isPending = true;
    const wait = new Interruptible<T | End>(this.#run.scope);
    // Whatever the type says, some iterators give the result itself, and some a promise of their own kind.
    Promise.resolve(next as IteratorResult<T>).then(
      (result) => this.#arrived(wait, result),
      (error: unknown) => {
        this.#isPending = false;
        this.#isOver = true;
        wait.failed(error);
      },
    );
    return wait.begin();
  }

  close(): Awaitable<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#iterator === undefined) return closeUnread(this.#iterable);
    const closing = returnOf(this.#iterator);
    if (!this.#isPending) return closing;
    closing.catch(() => undefined);
  }

  #arrived(wait: Interruptible<T | End>, result: IteratorResult<T>): void {
    this.#isPending = false;
    if (typeof result !== 'object' || result === null) {
      this.#isOver = true;
      wait.failed(new TypeError(`next of the source of a pipeline gave ${String(result)}, not an iterator result`));
    } else if (result.done === true) {
      this.#isOver = true;
      wait.arrived(end);
    } else {
      wait.arrived(result.value);
    }
  }
}

async function returnOf(iterator: AsyncIterator<unknown>): Promise<void> {
  await iterator.return?.();
}

/** Closes a source that was never asked for an element: it may hold a file all the same. */
async function closeUnread(iterable: AsyncIterable<unknown>): Promise<void> {
  // The iterator of a stream of Node is a generator: one that has not begun ends without a word to the stream.
  if (isNodeStream(iterable)) iterable.destroy();
  else await returnOf(iterable[Symbol.asyncIterator]());
}

function isNodeStream(source: object): source is { destroy(): void } {
  const { pipe, destroy } = source as { pipe?: unknown; destroy?: unknown };
  return typeof pipe === 'function' && typeof destroy === 'function';
}
