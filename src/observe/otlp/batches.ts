import type { Clock, Timer } from '../../concurrency/index.ts';
import { backgroundTimer } from '../background-timer.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** Encoded items of one signal (spans or log records), on their way out. */
export interface Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly items: number;
}

/** Why telemetry was lost. `invalid`: a value that its type does not allow. */
export type DropReason = 'queue_full' | 'closed' | 'invalid' | 'flush_timeout' | 'rejected' | 'retries_exhausted';

export interface BatchesOptions {
  readonly clock: Clock;
  /** A batch is sealed this long after its first item. */
  readonly intervalMs: number;
  /** ... or when it has this many bytes. */
  readonly maxBatchBytes: number;
  /** Sealed and open batches together; items beyond it are dropped. */
  readonly maxQueueBytes: number;
  readonly onSealed: () => void;
  readonly onDropped: (items: number, reason: DropReason) => void;
}

/**
 * Collects items as bytes: each is encoded when it happens, into the open batch. So nothing of the user's is kept alive,
 * memory is bounded in bytes, and no second passes in which thousands of objects are encoded at once.
 */
export class Batches {
  readonly #options: BatchesOptions;
  readonly #writer = new ProtobufWriter();
  #items = 0;
  #sealed: Batch[] = [];
  #sealedBytes = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /**
   * Encodes an item into the open batch with `write`. If there is no room, or `write` throws (a value that its type does
   * not allow), the item is counted as dropped.
   */
  add<T>(write: (writer: ProtobufWriter, item: T) => void, item: T): void {
    const writer = this.#writer;
    const before = writer.length;
    if (this.#isClosed || this.#sealedBytes + before >= this.#options.maxQueueBytes) {
      this.#options.onDropped(1, this.#isClosed ? 'closed' : 'queue_full');
      return;
    }
    if (!tryWrite(write, writer, item)) {
      writer.truncate(before);
      this.#options.onDropped(1, 'invalid');
      return;
    }
    this.#items++;
    if (writer.length >= this.#options.maxBatchBytes) this.seal();
    else this.#timer ??= backgroundTimer(this.#options.clock, this.#options.intervalMs, () => this.seal());
  }

  /** Closes the open batch, if it holds anything. */
  seal(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    if (this.#items === 0) return;
    const bytes = this.#writer.toBytes();
    this.#sealed.push({ bytes, items: this.#items });
    this.#sealedBytes += bytes.length;
    this.#writer.truncate(0);
    this.#items = 0;
    this.#options.onSealed();
  }

  /** The oldest sealed batch. It counts against the bound until {@link remove}d. */
  first(): Batch | undefined {
    return this.#sealed[0];
  }

  remove(batch: Batch): void {
    if (this.#sealed[0] !== batch) return;
    this.#sealed.shift();
    this.#sealedBytes -= batch.bytes.length;
  }

  /** Drops what is sealed, for a flush that ran out of time. */
  drop(): void {
    for (const batch of this.#sealed) this.#options.onDropped(batch.items, 'flush_timeout');
    this.#sealed = [];
    this.#sealedBytes = 0;
  }

  /** Takes no more items. */
  close(): void {
    this.seal();
    this.#isClosed = true;
  }
}

function tryWrite<T>(write: (writer: ProtobufWriter, item: T) => void, writer: ProtobufWriter, item: T): boolean {
  try {
    write(writer, item);
    return true;
  } catch {
    return false;
  }
}
