import type { CancelContext, Context } from '../context/context.ts';
import { background } from '../context/context-tree.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { type Task, type TaskFn, TaskRun } from './task.ts';
import { tellsOfEnd } from './tells-of-end.ts';

/**
 * One task with one owner: whoever started it. `await using poller = go(ctx, poll)` cancels it at the end of the block,
 * waits for its end, and throws its error if nobody was handed that and it is not the cancellation.
 *
 * An error that nobody waits for when it happens, of a task that no `await using` owns, surfaces as an unhandled
 * rejection. A task that stops because its Context ended does not: that was asked for.
 */
export interface OwnedTask<out T> extends Task<T>, AsyncDisposable {
  /** Ends its Context with `canceled`; it goes on until it takes notice. */
  cancel(cause?: unknown): void;
  /** Cancels it and waits for its end: what the end of an `await using` block does, for an owner that is an object. */
  stop(cause?: unknown): Promise<void>;
  /** Its result, or its error; the error of `ctx` if that ends first. Giving up does not cancel the task. */
  wait(ctx: Context): Awaitable<T>;
}

/**
 * Starts `fn` with a child of `ctx`; it runs up to its first wait before this returns. If `ctx` has ended it never starts
 * and has failed. Several tasks that end together are a `group`.
 */
export function go<T>(ctx: Context, fn: TaskFn<T>): OwnedTask<T> {
  const task = new Owned(ctx, fn);
  task.begin();
  return task;
}

class Owned<T> extends TaskRun<T> implements OwnedTask<T>, ParkingPlace {
  readonly #ctx: CancelContext;
  readonly #waiters = new LinkedList<Waiter<void>>();
  #isCancellation = false;
  /** Whether somebody got the error, or an `await using` will. */
  #isTaken = false;
  #isOwned = false;

  constructor(ctx: Context, fn: TaskFn<T>) {
    super(fn);
    this.#ctx = ctx.withCancel();
  }

  /**
   * `await using` reads this at its declaration, and nobody else does before the end: the task then has an owner, who will
   * be told, and an error that comes before the end of the block need not bring down the process.
   */
  get [Symbol.asyncDispose](): () => Promise<void> {
    if (!this.#isOwned) {
      this.#isOwned = true;
      this.submerge();
    }
    return this.stop;
  }

  begin(): void {
    const end = this.#ctx.err();
    if (end === undefined) {
      this.start(this.#ctx);
    } else {
      this.#isCancellation = true;
      this.refuse(end);
    }
  }

  cancel(cause?: unknown): void {
    this.#ctx.cancel(cause);
  }

  wait(ctx: Context): Awaitable<T> {
    ctx.throwIfDone();
    if (this.#hasEnded()) return this.#take();
    return park(ctx, this.#waiters, this, 'wait', undefined).then(() => this.#take());
  }

  override describe(operation?: string): string {
    return operation === undefined ? super.describe() : `${operation} for ${super.describe()}`;
  }

  protected failing(thrown: unknown): unknown {
    this.#isCancellation = tellsOfEnd(thrown, this.#ctx);
    return thrown;
  }

  protected ended(): void {
    const isLost = this.state === 'failed' && !this.#isTaken && !this.#isOwned && this.#waiters.head === undefined;
    if (isLost && !this.#isCancellation) this.surface();
    deliverAll(this.#waiters, undefined);
    this.#ctx[Symbol.dispose]();
  }

  protected errorTaken(): void {
    this.#isTaken = true;
  }

  #hasEnded(): boolean {
    return this.state === 'done' || this.state === 'failed';
  }

  #take(): T {
    if (this.state === 'failed') this.#isTaken = true;
    this.submerge();
    return this.value;
  }

  async stop(cause?: unknown): Promise<void> {
    this.cancel(cause);
    if (!this.#hasEnded()) await park(background(), this.#waiters, this, 'end', undefined);
    if (this.state !== 'failed' || this.#isTaken || this.#isCancellation) return;
    this.#isTaken = true;
    throw this.error;
  }
}
