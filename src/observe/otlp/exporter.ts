import { type Clock, type Context, type Timer, until } from '../../concurrency/index.ts';
import { backgroundTimer } from '../background-timer.ts';
import type { Batches, DropReason } from './batches.ts';
import type { Sent } from './send.ts';

export interface ExporterOptions {
  readonly clock: Clock;
  readonly batches: Batches;
  readonly send: (items: Uint8Array<ArrayBuffer>) => Promise<Sent>;
  readonly onSent: (items: number) => void;
  readonly onDropped: (items: number, reason: DropReason) => void;
  /** Called when sending starts to fail (with the cause), and with undefined when it works again. */
  readonly onTrouble: (cause: string | undefined) => void;
  /** Between 0 and 1. */
  readonly random: () => number;
}

/** A batch is given up after this many tries; with the backoff that is about a minute. */
const maxTries = 8;
const firstBackoffMs = 500;
const maxBackoffMs = 15_000;

/** Sends the sealed batches of one signal in order, one request at a time. Nothing that goes wrong reaches the emitter. */
export class Exporter {
  readonly #options: ExporterOptions;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #isTroubled = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /** Starts sending unless it is under way. */
  start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A batch may have been sealed after the last look and before this line.
      if (this.#options.batches.first() !== undefined) this.start();
    });
  }

  /** Sends all that is buffered, skipping a backoff that is under way; what is left when `ctx` ends is dropped and counted. */
  async flush(ctx: Context): Promise<void> {
    this.#options.batches.seal();
    this.#wake?.();
    try {
      while (this.#running !== undefined) await until(ctx, this.#running);
    } catch {
      this.#options.batches.drop();
      this.#wake?.();
    }
  }

  async #run(): Promise<void> {
    const { batches } = this.#options;
    for (let batch = batches.first(); batch !== undefined; batch = batches.first()) {
      let tries = 0;
      while (batches.first() === batch) {
        const sent = await this.#options.send(batch.bytes);
        // A flush that ran out of time dropped and counted it meanwhile.
        if (batches.first() !== batch) break;
        this.#report(sent);
        if (sent.kind === 'retry' && ++tries < maxTries) {
          await this.#backOff(sent.retryAfterMs, tries);
          continue;
        }
        batches.remove(batch);
        this.#count(sent, batch.items);
      }
    }
  }

  #count(sent: Sent, items: number): void {
    if (sent.kind === 'ok') {
      const rejected = Math.min(sent.rejected, items);
      this.#options.onSent(items - rejected);
      if (rejected > 0) this.#options.onDropped(rejected, 'rejected');
    } else {
      this.#options.onDropped(items, sent.kind === 'retry' ? 'retries_exhausted' : 'rejected');
    }
  }

  #report(sent: Sent): void {
    const isTroubled = sent.kind !== 'ok';
    if (isTroubled === this.#isTroubled) return;
    this.#isTroubled = isTroubled;
    this.#options.onTrouble(sent.kind === 'ok' ? undefined : sent.cause);
  }

  /** Exponential with full jitter, unless the receiver said how long. */
  #backOff(retryAfterMs: number | undefined, tries: number): Promise<void> {
    const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** tries);
    const delay = retryAfterMs ?? ceiling * (0.5 + this.#options.random() / 2);
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      this.#wake = () => {
        this.#wake = undefined;
        timer?.stop();
        resolve();
      };
      timer = backgroundTimer(this.#options.clock, delay, () => this.#wake?.());
    });
  }
}
