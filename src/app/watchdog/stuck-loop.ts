import { url as debuggerUrl } from 'node:inspector';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { heartbeatWords } from './heartbeat.ts';
import type { StuckLoopData } from './stuck-loop-worker.ts';

const program = new URL(`./stuck-loop-worker${extname(import.meta.url)}`, import.meta.url);
/** It holds a profile of one second, and loads telemetry when there is something to tell. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

export interface StuckLoopOptions extends Omit<StuckLoopData, 'words'> {
  /** The thread has failed: nobody watches any more. */
  readonly onLost: (error: unknown) => void;
}

/** Lets another thread watch this one's event loop, and end the process if it is stuck. Owns the thread. */
export class StuckLoop {
  readonly #words: Int32Array;
  readonly #beating: NodeJS.Timeout;
  readonly #worker: Worker;

  constructor({ onLost, ...data }: StuckLoopOptions) {
    const words = new SharedArrayBuffer(heartbeatWords.count * Int32Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(words);
    this.#beating = setInterval(() => this.#beat(), data.beatMs);
    this.#beating.unref();
    this.#beat();
    this.#worker = new Worker(program, {
      workerData: { ...data, words } satisfies StuckLoopData,
      name: 'watchdog',
      execArgv: [],
      resourceLimits,
    });
    this.#worker.unref();
    this.#worker.on('error', onLost);
  }

  /** Ends the thread and waits for its end. May be called twice. */
  async stop(): Promise<void> {
    clearInterval(this.#beating);
    await this.#worker.terminate();
  }

  #beat(): void {
    Atomics.store(this.#words, heartbeatWords.isDebugged, debuggerUrl() === undefined ? 0 : 1);
    Atomics.add(this.#words, heartbeatWords.beat, 1);
  }
}
