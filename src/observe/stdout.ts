import { write as writeAsync, writeSync } from 'node:fs';
import { type Context, until } from '../concurrency/index.ts';

/** Where lines go. */
export interface LineSink {
  /** Takes a line with its line break, without blocking. Beyond a bound of unwritten lines it drops them. */
  write(line: string): void;
  /** Resolves when all lines so far are written, or when `ctx` ends. Never throws. */
  drained(ctx: Context): Promise<void>;
  /** Writes what is buffered, blocking: for the end of the process. */
  flushSync(): void;
  /** Lines dropped because the reader was too slow. */
  readonly dropped: number;
}

/**
 * The process's stdout. One for the whole process, however many services share it: two writers of one pipe would cut each
 * other's lines. What is still buffered when the process exits is written then, blocking.
 */
export function stdoutLines(): LineSink {
  if (stdout === undefined) {
    const sink = new DescriptorSink(1);
    process.on('exit', () => sink.flushSync());
    stdout = sink;
  }
  return stdout;
}

let stdout: LineSink | undefined;

/** Characters of unwritten lines. */
const maxBuffered = 16 * 1024 * 1024;
/** Lines wait this long for others to be written with: a write per line would wake two threads and the reader each time. */
const gatherMs = 20;
/** ... unless so many characters wait already. */
const gatherCharacters = 64 * 1024;
/** A pipe that takes nothing is tried again after so long. */
const retryMs = 5;
/** At the end of the process a reader gets so many tries to take the rest. */
const maxSyncRetries = 200;

/**
 * Writes to a file descriptor from a thread of libuv's pool, one write at a time: lines that come within 20 ms go together in
 * the next, also those that came while a write was under way. `process.stdout` would block the event loop on a pipe whose reader is slow.
 */
export class DescriptorSink implements LineSink {
  readonly #descriptor: number;
  #buffer = '';
  #isWriting = false;
  #gathering: NodeJS.Timeout | undefined;
  #isBroken = false;
  #dropped = 0;
  #onDrained: (() => void)[] = [];

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    if (this.#isBroken) return;
    if (this.#buffer.length + line.length > maxBuffered) {
      this.#dropped++;
      return;
    }
    this.#buffer += line;
    if (!this.#isWriting) this.#gather();
  }

  async drained(ctx: Context): Promise<void> {
    if (!this.#isWriting) this.#next();
    if (!this.#isWriting) return;
    await until(ctx, new Promise<void>((resolve) => this.#onDrained.push(resolve))).catch(() => {});
  }

  flushSync(): void {
    let rest: Uint8Array = Buffer.from(this.#buffer);
    this.#buffer = '';
    for (let tries = 0; rest.length > 0 && !this.#isBroken && tries < maxSyncRetries; ) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest));
      } catch (error) {
        if (!isBusy(error)) this.#isBroken = true;
        tries++;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
      }
    }
  }

  #gather(): void {
    if (this.#buffer.length >= gatherCharacters) this.#next();
    else this.#gathering ??= setTimeout(() => this.#next(), gatherMs).unref();
  }

  /** Writes what is buffered. */
  #next(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#buffer === '' || this.#isBroken) {
      this.#isWriting = false;
      for (const resolve of this.#onDrained.splice(0)) resolve();
      return;
    }
    this.#isWriting = true;
    const bytes = Buffer.from(this.#buffer);
    this.#buffer = '';
    this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    writeAsync(this.#descriptor, bytes, (error, written) => {
      if (error !== null && !isBusy(error)) {
        // A closed pipe is not this process's failure: there is nobody to tell.
        this.#isBroken = true;
        this.#next();
      } else if (error !== null) setTimeout(() => this.#write(bytes), retryMs);
      else if (written < bytes.length) this.#write(bytes.subarray(written));
      else this.#written();
    });
  }

  #written(): void {
    if (this.#buffer === '' || this.#onDrained.length > 0) this.#next();
    else {
      this.#isWriting = false;
      this.#gather();
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
