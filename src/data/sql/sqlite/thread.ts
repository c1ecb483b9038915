import { Worker } from 'node:worker_threads';
import type { Context } from '../../../concurrency/index.ts';
import { StatusError } from '../../../errors/index.ts';
import { SqlErrors } from '../sql-errors.ts';
import type { Reply, Request, ThreadData } from './protocol.ts';
import { sqliteError } from './sqlite-errors.ts';
import { threadProgram } from './thread-program.ts';

/** Short-lived rows are all that a thread makes; V8's default would let each grow by 48 MB before it collects. */
const maxYoungGenerationSizeMb = 4;

const code = `
import * as sqlite from 'node:sqlite';
import * as threads from 'node:worker_threads';
(${threadProgram})(sqlite, threads);
//# sourceURL=flotilla/sqlite-thread.js`;
const program = new URL(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);

type Answer = Exclude<Reply, { kind: 'failure' }>;

/**
 * A thread with one SQLite connection, seen from the event loop. It takes one request at a time. It keeps the process
 * alive only while a request runs, so a database that nobody closed does not hold a program open.
 */
export class Thread {
  readonly #worker: Worker;
  readonly #stop: Int32Array;
  #pending: { readonly sql: string; readonly settle: (reply: Reply | StatusError) => void } | undefined;
  #settled: Promise<void> = Promise.resolve();
  #lost: StatusError | undefined;
  /** Resolves when the thread has ended, whatever the cause. */
  readonly ended: Promise<void>;

  private constructor(data: Omit<ThreadData, 'stop'>) {
    const stop = new SharedArrayBuffer(4);
    this.#stop = new Int32Array(stop);
    this.#worker = new Worker(program, {
      workerData: { ...data, stop } satisfies ThreadData,
      name: `sqlite-${data.role}`,
      resourceLimits: { maxYoungGenerationSizeMb },
    });
    this.#worker.on('message', (reply: Reply) => this.#pending?.settle(reply));
    this.#worker.on('error', (cause) => this.#lose(cause));
    this.ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#lose(undefined);
        resolve();
      });
    });
  }

  /** Starts the thread and opens the file. */
  static async open(data: Omit<ThreadData, 'stop'>): Promise<Thread> {
    const thread = new Thread(data);
    await thread.#await('', () => {});
    return thread;
  }

  /** False once it is lost: it takes no more requests. */
  get alive(): boolean {
    return this.#lost === undefined;
  }

  get idle(): boolean {
    return this.#pending === undefined;
  }

  /** Resolves when no request runs. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /**
   * The answer to one request, or the Context's error as soon as that ends: the thread is then asked to stop and is busy
   * until it has. Without a Context the answer is waited for.
   */
  call(ctx: Context | undefined, request: Request): Promise<Answer> {
    if (ctx?.err() !== undefined) return Promise.reject(ctx.err());
    if (this.#pending !== undefined) return Promise.reject(new TypeError('a connection runs one statement at a time'));
    const answer = this.#await('sql' in request ? request.sql : '', () => this.#worker.postMessage(request));
    if (ctx === undefined) return answer;
    return new Promise((resolve, reject) => {
      const stop = ctx.onDone(() => {
        this.interrupt();
        reject(ctx.err());
      });
      answer.finally(stop).then(resolve, reject);
    });
  }

  /** Asks the running request to stop at its next row or wait. SQLite itself cannot be interrupted from here. */
  interrupt(): void {
    Atomics.store(this.#stop, 0, 1);
    Atomics.notify(this.#stop, 0);
  }

  /** Closes the connection and waits for the end of the thread, which must be idle. Never throws. */
  async close(): Promise<void> {
    await this.call(undefined, { kind: 'close' }).catch(() => this.discard());
    this.#worker.ref();
    await this.ended;
  }

  /** Ends the thread as soon as the machine code that runs in it returns. SQLite rolls back what was not committed. */
  discard(): void {
    this.#lose(new Error('the connection was discarded'));
    this.interrupt();
    void this.#worker.terminate();
  }

  #await(sql: string, send: () => void): Promise<Answer> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#worker.ref();
    Atomics.store(this.#stop, 0, 0);
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#pending = {
        sql,
        settle: (reply) => {
          this.#pending = undefined;
          this.#worker.unref();
          if (reply instanceof StatusError) reject(reply);
          else if (reply.kind === 'failure') reject(sqliteError(reply, sql));
          else resolve(reply);
        },
      };
    });
    this.#settled = answer.then(
      () => {},
      () => {},
    );
    send();
    return answer;
  }

  #lose(cause: unknown): void {
    if (this.#lost !== undefined) return;
    this.#lost = SqlErrors.SQL_CONNECTION_LOST('the connection to the database file was lost', { cause });
    this.#pending?.settle(this.#lost);
  }
}
