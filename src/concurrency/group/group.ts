import { chain, StatusError } from '../../errors/index.ts';
import type { CancelContext, Context } from '../context/context.ts';
import { background, isContextError } from '../context/context-tree.ts';
import { DoneListener, isKnownDone, listen } from '../context/done-listener.ts';
import { deliverAll } from '../parking/deliver-all.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Backlog } from './backlog.ts';
import { type Task, type TaskFn, TaskRun } from './task.ts';
import { tellsOfEnd } from './tells-of-end.ts';

export interface GroupOptions {
  /** How many tasks run at a time; a whole number from 1. Default: no limit. */
  readonly limit?: number;
  /** How many tasks wait for a free place at most; a whole number from 0. Default: 65 536. */
  readonly queue?: number;
}

/**
 * Tasks that end together: none outlives its group, and the first that fails cancels the others. Go's errgroup, with
 * results and with an end that cannot be forgotten:
 *
 *     await using g = group(ctx, { limit: 8 });
 *     const user = g.go((ctx) => loadUser(ctx, id));
 *     const posts = g.go((ctx) => loadPosts(ctx, id));
 *     await g.wait();
 *     return { user: user.value, posts: posts.value };
 *
 * Leaving the block waits for all tasks, also where the body throws; it does not cancel them. It throws the first error
 * if nobody was handed that by `wait`, `room` or `await task`; a task of the group that was, and failed with it or with an
 * error that it caused, does not count. JavaScript then puts an error of the body below it, as `suppressed` of a SuppressedError:
 * call `wait` at the end of the body, and let work that waits with `group.ctx`, which the first error ends, be a task too.
 * The error of a group that is dropped without either surfaces as an unhandled rejection when the group is collected.
 */
export interface Group extends AsyncDisposable {
  /** What the tasks run with: ends with the Context of the group, at the first error, and when the group is closed. */
  readonly ctx: Context;
  /** Tasks that have not ended, running or waiting for a place. */
  readonly size: number;
  /**
   * Starts `fn`, which runs up to its first wait before this returns; at the limit it waits for a place, in the order of
   * the calls. Tasks may add tasks. If the group is canceled the task never starts and has failed.
   *
   * Throws `resource_exhausted`, reason `GROUP_QUEUE_FULL`, if too many wait already: `await group.room()` first. Throws
   * `failed_precondition`, reason `GROUP_CLOSED`, after `wait` or the end of the block.
   */
  go<T>(fn: TaskFn<T>): Task<T>;
  /** The same if it need not wait for a place, or else undefined. */
  tryGo<T>(fn: TaskFn<T>): Task<T> | undefined;
  /**
   * Waits until `go` would start a task at once, in the order of the calls; undefined where it would already. This is how
   * a producer keeps to the pace of the tasks. It reserves nothing: where somebody else takes the place first, `go` puts the
   * task into the queue. A task of the group that waits here keeps its own place meanwhile: if all that run do, none ends.
   * Throws what ended the group when it is canceled.
   */
  room(): Awaitable<void>;
  /**
   * Waits until all tasks have ended, also those added meanwhile, closes the group, and throws the first error. Not for a
   * task of the group: it would wait for itself. It takes no Context, since tasks that go on would have no owner then:
   * they end early through the group's.
   */
  wait(): Promise<void>;
  /**
   * Ends `ctx` with `canceled`: waiting tasks never start, running ones are told. Only the first end counts. Tasks that end
   * with its error have failed, as in an errgroup; a helper that is to stop with its block is better started by `go`.
   */
  cancel(cause?: unknown): void;
}

/** Makes a group whose tasks run with a child of `ctx`. Throws RangeError for a bad limit or queue. */
export function group(ctx: Context, { limit = Number.POSITIVE_INFINITY, queue = 65_536 }: GroupOptions = {}): Group {
  if (!(limit >= 1 && (Number.isInteger(limit) || limit === Number.POSITIVE_INFINITY)))
    throw new RangeError(`group: the limit ${limit} is not a whole number from 1, or Infinity`);
  if (!Number.isInteger(queue) || queue < 0)
    throw new RangeError(`group: the queue ${queue} is not a whole number from 0`);
  return new LocalGroup(ctx, limit, queue);
}

/** It listens to its own Context only while something waits for a place: those must go when it ends. */
class LocalGroup extends DoneListener implements Group, ParkingPlace {
  readonly ctx: CancelContext;
  readonly #limit: number;
  readonly #backlog: Backlog<GroupTask<unknown>>;
  readonly #joiners = new LinkedList<Waiter<void>>();
  #running = 0;
  #first: { readonly error: unknown; readonly isEndOfContext: boolean } | undefined = undefined;
  /** How many got, or will get, the first error, and did not pass it on to the group. */
  #takers = 0;
  /** Whether somebody got an error that says that the Context has ended: nobody need hear that again. */
  #isEndReported = false;
  #isClosed = false;
  #isStarting = false;

  constructor(ctx: Context, limit: number, queue: number) {
    super();
    this.ctx = ctx.withCancel();
    this.#limit = limit;
    this.#backlog = new Backlog(queue, () => limit - this.#running);
  }

  get size(): number {
    return this.#running + this.#backlog.length;
  }

  go<T>(fn: TaskFn<T>): Task<T> {
    return this.#tryStart(fn) ?? this.#enqueue(fn);
  }

  tryGo<T>(fn: TaskFn<T>): Task<T> | undefined {
    return this.#tryStart(fn);
  }

  room(): Awaitable<void> {
    if (this.#isClosed) throw closedError();
    if (this.ctx.err() !== undefined) throw this.#endForProducer();
    const room = this.#backlog.room();
    if (room !== undefined) this.#listen();
    return room;
  }

  async wait(): Promise<void> {
    // Nobody can give that back.
    this.#taken(Number.POSITIVE_INFINITY);
    await this.#join();
    if (this.#first !== undefined) throw this.#first.error;
  }

  cancel(cause?: unknown): void {
    this.ctx.cancel(cause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#join();
    const first = this.#first;
    if (first === undefined || this.#takers > 0 || (first.isEndOfContext && this.#isEndReported)) return;
    this.#taken(Number.POSITIVE_INFINITY);
    throw first.error;
  }

  describe(operation: string): string {
    return `${operation} for a group (${this.#running} tasks run, ${this.#backlog.length} wait)`;
  }

  /**
   * Takes note of the first error and ends the others. One that stopped only because of that ends with the first error
   * too, not with its echo: whoever awaits it learns why.
   */
  taskFailed(error: unknown): unknown {
    if (this.#first === undefined) {
      // An AbortError does not say whether that was a cancel or a deadline.
      const failure = isContextError(error) || !tellsOfEnd(error, this.ctx) ? error : this.ctx.err();
      this.#fail(failure);
      this.ctx.cancel(failure);
      return failure;
    }
    if (!this.#stemsFromFirst(error)) return error;
    if (tellsOfEnd(error, this.ctx)) return this.#first.error;
    this.#givenBack(this.#first);
    return error;
  }

  taskEnded(): void {
    this.#running--;
    if (this.isListening) this.#startWaiting();
    if (this.#running === 0) this.#closeIfJoined();
  }

  /** So many are handed the error of a task. */
  errorTaken(error: unknown, takers: number): void {
    if (this.#stemsFromFirst(error)) this.#taken(takers);
    else if (tellsOfEnd(error, this.ctx)) this.#isEndReported = true;
  }

  override contextDone(): void {
    this.#dropWaiting();
  }

  /** Undefined: it has to wait for a place. */
  #tryStart<T>(fn: TaskFn<T>): Task<T> | undefined {
    if (this.#isClosed) throw closedError();
    if (isKnownDone(this.ctx)) return this.#refused(new GroupTask(this, fn));
    if (this.#running >= this.#limit || this.#backlog.length > 0) return undefined;
    this.#running++;
    const task = new GroupTask(this, fn);
    task.start(this.ctx);
    return task;
  }

  #enqueue<T>(fn: TaskFn<T>): Task<T> {
    const task = new GroupTask(this, fn);
    if (this.ctx.err() !== undefined) return this.#refused(task);
    this.#backlog.push(task as GroupTask<unknown>);
    this.#listen();
    return task;
  }

  #refused<T>(task: GroupTask<T>): Task<T> {
    const error = this.#endOfContext();
    if (this.#first === undefined) this.#fail(error);
    task.refuse(error);
    return task;
  }

  /** A task that ends within its start comes back to this loop, not into a deeper one. */
  #startWaiting(): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    while (this.#backlog.length > 0 && this.#running < this.#limit) {
      // The exact question: in a loop of tasks that never wait no timer tells of a deadline.
      if (this.ctx.err() !== undefined) {
        this.#dropWaiting();
        break;
      }
      this.#running++;
      this.#backlog.shift().start(this.ctx);
    }
    this.#isStarting = false;
    this.#backlog.placeFreed();
    if (this.#backlog.isIdle) this.unlisten();
  }

  #dropWaiting(): void {
    while (this.#backlog.length > 0) this.#refused(this.#backlog.shift());
    this.#backlog.refuseProducers(() => this.#endForProducer());
    this.unlisten();
    this.#closeIfJoined();
  }

  #listen(): void {
    if (!this.isListening) listen(this.ctx, this);
  }

  /** What a task that never started ends with: the first error, or that of the Context that ended from without. */
  #endOfContext(): unknown {
    return this.#first !== undefined ? this.#first.error : this.ctx.err();
  }

  #endForProducer(): unknown {
    const error = this.#endOfContext();
    this.errorTaken(error, 1);
    return error;
  }

  #join(): Awaitable<void> {
    if (this.size > 0) return park(background(), this.#joiners, this, 'wait', undefined);
    this.#close();
  }

  #closeIfJoined(): void {
    if (this.size > 0 || this.#joiners.head === undefined) return;
    this.#close();
    deliverAll(this.#joiners, undefined);
  }

  #close(): void {
    this.#isClosed = true;
    this.ctx[Symbol.dispose]();
  }

  #fail(error: unknown): void {
    const isEndOfContext = tellsOfEnd(error, this.ctx);
    this.#first = { error, isEndOfContext };
    if (this.#takers > 0 || isEndOfContext) return;
    letGoOfFrames(error);
    unreported.register(this, error, this);
  }

  #stemsFromFirst(error: unknown): boolean {
    return this.#first !== undefined && chain(error).includes(this.#first.error);
  }

  #taken(takers: number): void {
    if (this.#takers === 0 && this.#first !== undefined) unreported.unregister(this);
    this.#takers += takers;
  }

  /** A task failed with the first error, which it had taken: that taker will tell nobody. */
  #givenBack({ error, isEndOfContext }: { readonly error: unknown; readonly isEndOfContext: boolean }): void {
    // The end of the Context reaches each task by itself.
    if (isEndOfContext || this.#takers === 0 || --this.#takers > 0) return;
    unreported.register(this, error, this);
  }
}

class GroupTask<T> extends TaskRun<T> {
  readonly #group: LocalGroup;

  constructor(owner: LocalGroup, fn: TaskFn<T>) {
    super(fn);
    this.#group = owner;
  }

  protected failing(thrown: unknown): unknown {
    return this.#group.taskFailed(thrown);
  }

  protected ended(): void {
    this.#group.taskEnded();
  }

  protected errorTaken(error: unknown, takers: number): void {
    this.#group.errorTaken(error, takers);
  }
}

/** The first errors of groups that were collected while nobody had waited for them: nobody can any more. */
const unreported = new FinalizationRegistry<unknown>((error) => {
  void Promise.reject(error);
});

/**
 * V8 makes the text of a stack when it is first read. Until then an error holds the frames, with the task and the closures
 * on them, and so the group: it would never be collected.
 */
function letGoOfFrames(error: unknown): void {
  for (const link of chain(error)) if (link instanceof Error) void link.stack;
}

function closedError(): StatusError {
  return new StatusError(
    'failed_precondition',
    'the group is closed: its wait has returned, or its block has ended; make another group',
    { reason: 'GROUP_CLOSED' },
  );
}
