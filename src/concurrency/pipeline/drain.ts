import { isThenable } from '../parking/thenable.ts';
import { type Adopted, type End, end, type Pulled } from './stage.ts';

/**
 * Pulls all elements through `each`, one at a time, then closes. Throws the first error of the run after everything that it
 * started has ended; an error of the closing itself only where nothing else went wrong.
 */
export async function drain<T>({ run, stage }: Adopted<T>, each: (item: T) => unknown): Promise<void> {
  try {
    for (;;) {
      let item = stage.pull();
      if (item instanceof Promise) {
        run.hold();
        item = await item;
      }
      if (item === end) break;
      const doing = each(item);
      if (isThenable(doing)) await doing;
    }
  } catch (error) {
    throw await closeAfter({ run, stage }, error);
  }
  run.end();
  await stage.close();
}

/** Ends a run that failed, and gives the error to throw. */
async function closeAfter({ run, stage }: Adopted<unknown>, error: unknown): Promise<unknown> {
  const first = run.fail(error);
  try {
    await stage.close();
  } catch {
    // The first error says more.
  }
  return first;
}

/** The `for await` over a pipeline. Leaving the loop ends everything and waits for it. */
export class Iteration<T> implements AsyncIterator<T, undefined> {
  readonly #adopted: Adopted<T>;
  /** The pull in flight; it does not reject. */
  #busy: Promise<unknown> | undefined;
  #isOver = false;

  constructor(adopted: Adopted<T>) {
    this.#adopted = adopted;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    // `for await` never calls it before the call before it has settled, but other users may.
    if (this.#busy !== undefined) return this.#busy.then(() => this.next());
    if (this.#isOver) return Promise.resolve(over);
    let pulled: Pulled<T>;
    try {
      pulled = this.#adopted.stage.pull();
    } catch (error) {
      pulled = Promise.reject(error);
    }
    if (pulled !== end && !(pulled instanceof Promise)) return Promise.resolve({ value: pulled, done: false });
    const settling = this.#settle(pulled);
    this.#busy = settling.then(this.#idle, this.#idle);
    return settling;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    const wasOver = this.#isOver;
    this.#isOver = true;
    if (!wasOver) this.#adopted.run.end();
    // Also where it is over: the pull that found the end may be closing.
    await this.#busy;
    if (!wasOver) await this.#adopted.stage.close();
    return over;
  }

  readonly #idle = (): void => {
    this.#busy = undefined;
  };

  async #settle(pulled: Pulled<T>): Promise<IteratorResult<T, undefined>> {
    const { run, stage } = this.#adopted;
    let item: T | End;
    try {
      item = await pulled;
    } catch (error) {
      // Left meanwhile: `return` closes, and there is nobody to hear of the cancellation.
      if (this.#isOver) return over;
      this.#isOver = true;
      throw await closeAfter(this.#adopted, error);
    }
    if (item !== end) return { value: item, done: false };
    if (!this.#isOver) {
      this.#isOver = true;
      run.end();
      await stage.close();
    }
    return over;
  }
}

const over = Object.freeze({ value: undefined, done: true }) as IteratorReturnResult<undefined>;
