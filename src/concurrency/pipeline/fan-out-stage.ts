import { Ring } from '../channel/ring.ts';
import { notReady } from '../channel/select-case.ts';
import { background } from '../context/context-tree.ts';
import { isThenable } from '../parking/thenable.ts';
import { type Tracked, tracker } from '../parking/tracking.ts';
import { Ahead } from './ahead.ts';
import { Bell } from './bell.ts';
import type { ElementFn } from './options.ts';
import { ReadyStage } from './ready-stage.ts';
import type { Run } from './run.ts';
import { type End, end, type Stage } from './stage.ts';

/** One call of the function: its place among the results, and its result once it ended. */
class Slot<R> implements Tracked {
  readonly #fn: { readonly name: string };
  isDone = false;
  result: R | undefined = undefined;

  constructor(fn: { readonly name: string }) {
    this.#fn = fn;
  }

  describe(): string {
    return this.#fn.name === '' ? 'call of fanOut' : `call of fanOut: ${this.#fn.name}`;
  }
}

/**
 * Runs up to `size` calls at a time. Holds up to `size` elements, counted from the pull upstream until the result is given:
 * those that run and those whose result waits.
 */
export class FanOutStage<T, R> extends ReadyStage<R> {
  readonly #size: number;
  readonly #fn: ElementFn<T, R>;
  readonly #isOrdered: boolean;
  readonly #upstream: Ahead<T>;
  readonly #allEnded = new Bell('the end of the calls of fanOut');
  /** Ordered: all calls, in the order of the elements. Else: those that ended, in the order in which they did. */
  readonly #slots = new Ring<Slot<R>>();
  #held = 0;
  #running = 0;
  #isUpstreamOver = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(upstream: Stage<T>, run: Run, size: number, fn: ElementFn<T, R>, isOrdered: boolean) {
    super(run, `a result of fanOut(${size})`);
    this.#size = size;
    this.#fn = fn;
    this.#isOrdered = isOrdered;
    this.#upstream = new Ahead(upstream, this.#arrived);
  }

  async close(): Promise<void> {
    // One that is being pulled starts no call any more: `arrived` is not called once it is closing.
    const closing = (async () => this.#upstream.close())();
    closing.catch(() => undefined);
    while (this.#running > 0) await this.#allEnded.wait(background());
    await closing;
  }

  protected attempt(): R | End | typeof notReady {
    this.#fill();
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#slots.at(0)?.isDone === true) {
      const slot = this.#slots.shift();
      this.#held--;
      this.#fill();
      return slot.result as R;
    }
    return this.#isUpstreamOver && this.#held === 0 ? end : notReady;
  }

  #fill(): void {
    while (this.#held < this.#size && !this.#isUpstreamOver && this.#failure === undefined && this.#upstream.start()) {
      try {
        const item = this.#upstream.take();
        // It may have arrived after the end of the run.
        this.run.look();
        if (item === end) this.#isUpstreamOver = true;
        else this.#call(item);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  #call(item: T): void {
    const slot = new Slot<R>(this.#fn);
    this.#held++;
    if (this.#isOrdered) this.#slots.push(slot);
    const result = this.#start(slot, item);
    if (isThenable(result)) this.#await(slot, result);
    else this.#finish(slot, result);
  }

  #start(slot: Slot<R>, item: T): R | PromiseLike<R> {
    const { scope } = this.run;
    if (tracker === undefined) return this.#fn(item, scope);
    try {
      return tracker.task(slot, () => this.#fn(item, scope));
    } catch (error) {
      tracker.ended(slot);
      throw error;
    }
  }

  #await(slot: Slot<R>, result: PromiseLike<R>): void {
    this.#running++;
    Promise.resolve(result).then(
      (value) => {
        this.#finish(slot, value);
        this.#ended();
      },
      (error: unknown) => {
        tracker?.ended(slot);
        this.#fail(error);
        this.#ended();
      },
    );
  }

  #finish(slot: Slot<R>, result: R): void {
    tracker?.ended(slot);
    slot.isDone = true;
    slot.result = result;
    if (!this.#isOrdered) this.#slots.push(slot);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error: this.run.fail(error) };
  }

  #ended(): void {
    this.bell.ring();
    if (--this.#running === 0) this.#allEnded.ring();
  }

  readonly #arrived = (): void => {
    this.#fill();
    this.bell.ring();
  };
}
