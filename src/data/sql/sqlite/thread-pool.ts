import { background, type Context, until } from '../../../concurrency/index.ts';
import { SqlErrors } from '../sql-errors.ts';
import type { Thread } from './thread.ts';

export interface ThreadPoolOptions {
  /** For messages: `read`, `write`. */
  readonly name: string;
  /** Most threads at once. They are opened when needed. */
  readonly max: number;
  /** Most calls that wait for a thread. */
  readonly maxQueued: number;
  readonly open: () => Promise<Thread>;
}

interface Waiter {
  readonly give: (thread: Thread) => void;
  readonly fail: (error: unknown) => void;
}

/** How long a thread may go on with a statement whose caller has left, before another takes its place. */
const graceMs = 200;
const closeMs = 5_000;

/** Lends threads in the order of asking. What waits is bounded, and leaves the queue when its Context ends. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #idle: Thread[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #lent = new Set<Thread>();
  /** Threads that count against `max`: idle, lent, and being opened. */
  #size = 0;
  /** Discarded threads that still run; at most `max` of them are replaced at once, so that they stay bounded too. */
  #discarded = 0;
  #closed = false;
  /** Resolves when, after closing, the last lent thread is back. */
  readonly #drained = Promise.withResolvers<void>();

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  async acquire(ctx: Context): Promise<Thread> {
    ctx.throwIfDone();
    if (this.#closed) throw closedError();
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (thread.alive) return this.#lend(thread);
      this.#size--;
    }
    const { max, maxQueued, name } = this.#options;
    if (this.#waiters.size >= maxQueued) {
      throw SqlErrors.SQL_QUEUE_FULL(
        `${maxQueued} ${name}s wait for the database already; try again later, or raise maxQueued`,
        {
          metadata: { limit: String(maxQueued) },
        },
      );
    }
    const thread = this.#wait(ctx);
    if (this.#size < max) this.#grow();
    return await thread;
  }

  /**
   * Takes a thread back once it is idle, and `last` is done if there is that; one that does not become idle in time is
   * discarded. Never throws.
   */
  async release(thread: Thread, last?: Promise<void>): Promise<void> {
    if (!this.#lent.has(thread)) return;
    if (last !== undefined || !thread.idle) await within(last ?? thread.settled, graceMs);
    if (!this.#lent.delete(thread)) return;
    const [next] = this.#waiters;
    if (!thread.alive) this.#replace();
    else if (!thread.idle) this.#discard(thread);
    else if (next !== undefined) next.give(thread);
    else if (this.#closed) await this.#shut(thread);
    else this.#idle.push(thread);
    if (this.#closed && this.#lent.size === 0) this.#drained.resolve();
  }

  /** Waits for the lent threads, at most 5 s, and ends all. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.fail(closedError());
    await Promise.all(this.#idle.splice(0).map((thread) => this.#shut(thread)));
    if (this.#lent.size > 0) await within(this.#drained.promise, closeMs);
    for (const thread of this.#lent) thread.discard();
  }

  #lend(thread: Thread): Thread {
    this.#lent.add(thread);
    return thread;
  }

  #wait(ctx: Context): Promise<Thread> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        stop();
      };
      const waiter: Waiter = {
        give: (thread) => {
          leave();
          resolve(this.#lend(thread));
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      const stop = ctx.onDone(() => waiter.fail(ctx.err()));
    });
  }

  #grow(): void {
    this.#size++;
    this.#options.open().then(
      (thread) => {
        const [next] = this.#waiters;
        if (next !== undefined) next.give(thread);
        else if (this.#closed) void this.#shut(thread);
        else this.#idle.push(thread);
      },
      (error) => {
        this.#size--;
        const [next] = this.#waiters;
        next?.fail(error);
        this.#growForWaiters();
      },
    );
  }

  /** A thread is gone: opens another where someone waits. */
  #replace(): void {
    this.#size--;
    this.#growForWaiters();
  }

  #growForWaiters(): void {
    if (!this.#closed && this.#waiters.size > 0 && this.#size < this.#options.max) this.#grow();
  }

  #discard(thread: Thread): void {
    thread.discard();
    if (this.#discarded >= this.#options.max) {
      void thread.ended.then(() => this.#replace());
      return;
    }
    this.#discarded++;
    void thread.ended.then(() => this.#discarded--);
    this.#replace();
  }

  async #shut(thread: Thread): Promise<void> {
    this.#size--;
    await thread.close();
  }
}

/** Waits for the promise, but not longer than this. */
async function within(promise: Promise<void>, ms: number): Promise<void> {
  using limit = background().withTimeout(ms);
  await until(limit, promise).catch(() => {});
}

function closedError() {
  return SqlErrors.SQL_CLOSED('the database is closed');
}
