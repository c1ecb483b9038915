import { Worker } from 'node:worker_threads';
import { type Context, until } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { CollectorErrors } from '../collector-errors.ts';
import type { ThreadData, ThreadNotice, ThreadReply, ThreadRequest } from './protocol.ts';

/** The program of the thread beside this file: `.ts` from the sources, `.js` when built. */
const program = new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export interface StoreThreadOptions {
  readonly data: ThreadData;
  /** Requests that wait or run; beyond it {@link StoreThread.call} throws `full()`. */
  readonly maxRequests: number;
  /** Bytes of the requests that wait or run. */
  readonly maxRequestBytes: number;
  readonly full: () => errors.StatusError;
  readonly onNotice: (text: string) => void;
}

interface Waiting {
  /** Undefined: nothing but that the thread runs. */
  readonly request: ThreadRequest | undefined;
  readonly bytes: number;
  readonly settle: (reply: ThreadReply | errors.StatusError) => void;
}

type Answer = Exclude<ThreadReply, { kind: 'failed' }>;

/**
 * A thread of the store, seen from the event loop: it takes one request after the other. A thread that dies (out of
 * memory) fails the request it had, and the next one starts it anew. It keeps the process alive only while it works.
 */
export class StoreThread {
  readonly #options: StoreThreadOptions;
  readonly #waiting: Waiting[] = [];
  #running: Waiting | undefined;
  #bytes = 0;
  #worker: Worker | undefined;
  #isClosed = false;

  constructor(options: StoreThreadOptions) {
    this.#options = options;
  }

  /** Starts the thread and opens the store. Throws what keeps it from opening. */
  async open(ctx: Context): Promise<void> {
    await until(ctx, this.#enqueue(undefined, 0));
  }

  /**
   * The answer to a request. Throws `full()` when too many wait, the Context's error when it ends first (a request that
   * has not begun is then forgotten), and the thread's own errors.
   */
  async call(ctx: Context, request: ThreadRequest, bytes = 0): Promise<Answer> {
    if (this.#isClosed) throw closed();
    const { maxRequests, maxRequestBytes, full } = this.#options;
    if (this.#waiting.length >= maxRequests || this.#bytes + bytes > maxRequestBytes) throw full();
    const answer = this.#enqueue(request, bytes);
    try {
      return await until(ctx, answer);
    } catch (error) {
      this.#forget(request);
      throw error;
    }
  }

  /** Lets what waits finish until `ctx` ends, then closes the files and ends the thread. Never throws. */
  async close(ctx: Context): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker === undefined && this.#running === undefined) return;
    await until(ctx, this.#enqueue({ kind: 'close' }, 0)).catch(() => {});
    for (const waiting of this.#waiting.splice(0)) waiting.settle(closed());
    this.#running?.settle(closed());
    await this.#worker?.terminate();
  }

  #enqueue(request: ThreadRequest | undefined, bytes: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#bytes += bytes;
      this.#waiting.push({
        request,
        bytes,
        settle: (reply) => {
          this.#bytes -= bytes;
          if (reply instanceof errors.StatusError) reject(reply);
          else if (reply.kind === 'failed') reject(failure(reply));
          else resolve(reply);
        },
      });
      this.#next();
    });
  }

  #next(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#waiting.shift();
    if (this.#running === undefined) {
      this.#worker?.unref();
      return;
    }
    if (this.#worker === undefined) this.#start();
    else this.#send();
  }

  #send(): void {
    this.#worker?.ref();
    if (this.#running?.request === undefined) this.#settle({ kind: 'opened' });
    else this.#worker?.postMessage(this.#running.request);
  }

  /** The thread says `opened` or `failed` first; only then it is sent what waits. */
  #start(): void {
    const worker = new Worker(program, {
      workerData: this.#options.data,
      name: `collector-${this.#options.data.role}`,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    let isOpen = false;
    this.#worker = worker;
    worker.on('message', (message: ThreadReply | ThreadNotice) => {
      if (message.kind === 'notice') this.#options.onNotice(message.text);
      else if (message.kind === 'opened') {
        isOpen = true;
        this.#send();
      } else {
        this.#settle(message);
        if (!isOpen) void worker.terminate();
      }
    });
    worker.on('error', (cause) => this.#lose(worker, cause));
    worker.on('exit', () => this.#lose(worker, undefined));
  }

  #settle(reply: ThreadReply | errors.StatusError): void {
    const running = this.#running;
    this.#running = undefined;
    running?.settle(reply);
    this.#next();
  }

  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (cause !== undefined && !this.#isClosed) {
      this.#options.onNotice(`the telemetry ${this.#options.data.role} died and starts anew: ${errors.format(cause)}`);
    }
    if (this.#running === undefined) return;
    const lost = new errors.StatusError('unavailable', 'the telemetry store lost its thread', {
      reason: 'STORE_THREAD_LOST',
      cause,
    });
    this.#settle(lost);
  }

  #forget(request: ThreadRequest): void {
    const at = this.#waiting.findIndex((waiting) => waiting.request === request);
    if (at < 0) return;
    const [waiting] = this.#waiting.splice(at, 1);
    waiting!.settle(closed());
  }
}

function failure({ error, detail }: Extract<ThreadReply, { kind: 'failed' }>): errors.StatusError {
  const { code, message, reason, domain, metadata } = error;
  return new errors.StatusError(code, message, { reason, domain, metadata, cause: new Error(detail) });
}

function closed(): errors.StatusError {
  return CollectorErrors.COLLECTOR_CLOSED('the collector is closed');
}
