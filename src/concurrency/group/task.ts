import { StatusError } from '../../errors/index.ts';
import type { Context } from '../context/context.ts';
import { isThenable } from '../parking/thenable.ts';
import { type Tracked, tracker } from '../parking/tracking.ts';

/** What a task runs. A thenable is waited for as `await` would; anything else is the result at once, without a promise. */
export type TaskFn<T> = (ctx: Context) => T | PromiseLike<T>;

/** `waiting`: for a free place in its group; it has not been called. */
export type TaskState = 'waiting' | 'running' | 'done' | 'failed';

/** A call that was started, or waits for its start. `await task` gives its result or throws its error. */
export interface Task<out T> extends PromiseLike<T> {
  readonly state: TaskState;
  /**
   * The result, without waiting. Throws the task's error if it failed, and `failed_precondition` with reason
   * `TASK_NOT_ENDED` if it has not ended: read it after the group's `wait`.
   */
  readonly value: T;
  /** What it failed with; undefined in every other state. Reading it does not count as having looked after it. */
  readonly error: unknown;
}

/**
 * The life of one call. It allocates little, since it stands behind every task: the promise of `await task` is made only
 * when somebody asks for it, and a result that is there at once costs none at all.
 */
export abstract class TaskRun<T> implements Task<T>, Tracked {
  #state: TaskState = 'waiting';
  #fn: TaskFn<T> | undefined;
  /** The value, or the error. */
  #outcome: unknown = undefined;
  #awaited: PromiseWithResolvers<T> | undefined = undefined;
  /** How many await it before its end. */
  #waiting = 0;

  constructor(fn: TaskFn<T>) {
    this.#fn = fn;
  }

  /** It has thrown. Gives what the task shall end with. */
  protected abstract failing(thrown: unknown): unknown;
  /** It ran and has ended, and those who await it have been told. */
  protected abstract ended(): void;
  /** So many are handed its error through `await`. */
  protected abstract errorTaken(error: unknown, takers: number): void;

  get state(): TaskState {
    return this.#state;
  }

  get value(): T {
    if (this.#state === 'done') return this.#outcome as T;
    if (this.#state === 'failed') throw this.#outcome;
    throw new StatusError(
      'failed_precondition',
      `the task is ${this.#state} and has no value yet; await it, or its group, first`,
      { reason: 'TASK_NOT_ENDED' },
    );
  }

  get error(): unknown {
    return this.#state === 'failed' ? this.#outcome : undefined;
  }

  // biome-ignore lint/suspicious/noThenProperty: a task is awaited like the promise that it stands for
  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(onDone, onFailed);
  }

  describe(): string {
    const name = this.#fn?.name;
    return name ? `task ${name}` : 'task';
  }

  /** Calls the function, which runs up to its first wait before this returns. */
  start(ctx: Context): void {
    const fn = this.#fn!;
    this.#state = 'running';
    let result: T | PromiseLike<T>;
    let isPending: boolean;
    try {
      result = tracker === undefined ? fn(ctx) : tracker.task(this, () => fn(ctx));
      isPending = isThenable(result);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isPending) {
      Promise.resolve(result).then(
        (value) => this.#succeed(value),
        (error) => this.#fail(error),
      );
    } else {
      this.#succeed(result as T);
    }
  }

  /** Ends a task that was never started. */
  refuse(error: unknown): void {
    this.#end('failed', error);
    this.#rejectAwaited();
  }

  /** Lets the error of a failed task become an unhandled rejection, unless somebody takes it within this turn. */
  protected surface(): void {
    this.#awaited = Promise.withResolvers<T>();
    this.#awaited.reject(this.#outcome);
  }

  /** Takes `surface` back, if it was called in this turn. */
  protected submerge(): void {
    this.#awaited?.promise.catch(() => undefined);
  }

  #succeed(value: T): void {
    tracker?.ended(this);
    this.#end('done', value);
    this.#awaited?.resolve(value);
    this.ended();
  }

  #fail(thrown: unknown): void {
    tracker?.ended(this);
    this.#end('failed', this.failing(thrown));
    this.#rejectAwaited();
    this.ended();
  }

  #end(state: 'done' | 'failed', outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#fn = undefined;
  }

  #rejectAwaited(): void {
    if (this.#awaited === undefined) return;
    this.errorTaken(this.#outcome, this.#waiting);
    this.#awaited.reject(this.#outcome);
  }

  #promise(): Promise<T> {
    if (this.#state === 'failed') this.errorTaken(this.#outcome, 1);
    else this.#waiting++;
    if (this.#awaited === undefined) {
      if (this.#state === 'done') return Promise.resolve(this.#outcome as T);
      if (this.#state === 'failed') return Promise.reject(this.#outcome);
      this.#awaited = Promise.withResolvers<T>();
    }
    return this.#awaited.promise;
  }
}
