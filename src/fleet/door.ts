import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../concurrency/index.ts';
import { type DoorMode, type DoorOrder, type DoorReport, doorModes } from './door-thread.ts';

/** A process that was started with the descriptor of the port. */
export interface Taker {
  /** Accepts on the port from now on; false if it has not inherited it. */
  take(door: Door): boolean;
  /** Accepts no more. What it has accepted lives on. */
  pause(door: Door): void;
}

export interface DoorOptions {
  readonly service: string;
  /** 0: any free one. */
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly clock: Clock;
  /** How long connections wait while nobody takes them; after that, and until somebody does, they get 503. Default: 10,000 ms. */
  readonly maxWaitMs?: number;
}

/**
 * A public port. It belongs to the supervisor and outlives the processes behind it: they inherit its descriptor and accept
 * by themselves, whoever of them has time. While none does, connections wait in the kernel's queue (at most 4,096; then
 * connecting takes longer).
 *
 * In Node a socket that listens also accepts, and the supervisor must not. So it is opened in a thread that stands still
 * while somebody else accepts; it moves only to turn visitors away.
 */
export class Door {
  readonly #options: Required<DoorOptions>;
  readonly #takers = new Set<Taker>();
  /** What the thread is to do; it waits here for a change. */
  readonly #mode = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | undefined;
  #port = 0;
  #descriptor: number | undefined;
  #patience: Timer | undefined;
  #isClosed = false;

  constructor(options: DoorOptions) {
    this.#options = { host: '127.0.0.1', maxWaitMs: 10_000, ...options };
  }

  get service(): string {
    return this.#options.service;
  }

  /** Where clients find it: the real port once it listens, the wanted one before. */
  get address(): { readonly host: string; readonly port: number } {
    return { host: this.#options.host, port: this.#port || this.#options.port };
  }

  /** For processes to inherit: of the socket that listens; undefined while there is none. */
  get descriptor(): number | undefined {
    return this.#descriptor;
  }

  /** Rejects with Node's error (`EADDRINUSE`, `EACCES`); may be called again then. */
  async listen(): Promise<void> {
    const { host, port } = this.#options;
    const report = await this.#ask({ host, port });
    if (report.error !== undefined) throw Object.assign(new Error(report.error.message), { code: report.error.code });
    this.#port = report.port;
    this.#descriptor = report.descriptor;
    if (this.#takers.size === 0) this.#losePatience();
  }

  /** Lets it accept from now on, beside the others. */
  attach(taker: Taker): void {
    if (this.#isClosed || this.#takers.has(taker)) return;
    if (!taker.take(this)) return;
    this.#takers.add(taker);
    this.#patience?.stop();
    this.#set('hold');
  }

  /** It is to accept no more. */
  detach(taker: Taker): void {
    if (!this.#takers.has(taker)) return;
    taker.pause(this);
    this.lost(taker);
  }

  /** It is gone: what waits is the others'. */
  lost(taker: Taker): void {
    if (this.#takers.delete(taker) && this.#takers.size === 0 && !this.#isClosed) this.#losePatience();
  }

  /** Answers 503 to those that wait, and closes the port. What was accepted lives on. */
  close(): void {
    this.#isClosed = true;
    this.#descriptor = undefined;
    this.#patience?.stop();
    this.#set('close');
  }

  #losePatience(): void {
    const { clock, maxWaitMs } = this.#options;
    this.#patience?.stop();
    this.#patience = clock.after(maxWaitMs, () => this.#set('refuse'));
  }

  #set(mode: DoorMode): void {
    Atomics.store(this.#mode, 0, doorModes[mode]);
    Atomics.notify(this.#mode, 0);
    // One that stands still is woken by the first, one that turns visitors away by the second.
    this.#thread?.postMessage({ mode });
  }

  #ask(order: DoorOrder): Promise<DoorReport> {
    const thread = this.#thread ?? this.#start();
    return new Promise((resolve, reject) => {
      const settle = () => {
        thread.off('message', answered);
        thread.off('error', failed);
      };
      const answered = (report: DoorReport) => {
        settle();
        resolve(report);
      };
      const failed = (error: Error) => {
        settle();
        this.#thread = undefined;
        reject(error);
      };
      thread.once('message', answered).once('error', failed);
      thread.postMessage(order);
    });
  }

  #start(): Worker {
    const { service, maxWaitMs } = this.#options;
    const thread = new Worker(new URL('door-thread.ts', import.meta.url), {
      workerData: { mode: this.#mode, service, maxWaitMs },
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
      // Not the preload scripts of whoever runs the fleet.
      execArgv: [],
    });
    thread.on('error', () => {});
    // Its descriptor is closed with it, and the number may soon be another file's.
    thread.on('exit', () => {
      this.#descriptor = undefined;
    });
    thread.unref();
    this.#thread = thread;
    return thread;
  }
}
