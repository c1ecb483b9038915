import { AsyncResource } from 'node:async_hooks';
import { gunzip, gunzipSync, gzip, gzipSync, type InputType, type ZlibOptions } from 'node:zlib';

/** More than this is compressed or inflated off the event loop: 64 KiB take it half a millisecond. */
export const offLoopBytes = 64 * 1024;
/** At a time, as the platform has threads for it; each holds a quarter of a megabyte. */
const maxRunning = 4;
const level = 1;

type Work = (input: InputType, options: ZlibOptions, done: (error: Error | null, output: Buffer) => void) => void;

interface Job {
  readonly work: Work;
  readonly input: Uint8Array;
  readonly options: ZlibOptions;
  readonly done: (error: Error | null, output: Buffer) => void;
}

/**
 * Compresses and inflates: what is small at once, the rest in the platform's threads, a few at a time and the others in the order
 * in which they came. No more wait than there are calls, for none has two at a time in one direction.
 */
export class Gzip {
  readonly #waiting: Job[] = [];
  #running = 0;

  /** `input` must not change before it is done. */
  compress(input: Uint8Array): Buffer | Promise<Buffer> {
    if (input.length <= offLoopBytes) return gzipSync(input, { level });
    return this.#later(gzip, input, { level });
  }

  /**
   * `input` must not change before it is done. Throws, or rejects with, an error of code ERR_BUFFER_TOO_LARGE for what is larger
   * than `maxBytes`, and others for what cannot be inflated.
   */
  inflate(input: Uint8Array, maxBytes: number): Buffer | Promise<Buffer> {
    // A hint and no more: who sends it may write what he likes.
    const size = sizeOf(input);
    if (size <= offLoopBytes && input.length <= offLoopBytes) {
      try {
        return gunzipSync(input, { maxOutputLength: Math.min(maxBytes, offLoopBytes) });
      } catch (error) {
        if (!isTooLarge(error) || maxBytes <= offLoopBytes) throw error;
      }
    }
    return this.#later(gunzip, input, { maxOutputLength: maxBytes });
  }

  #later(work: Work, input: Uint8Array, options: ZlibOptions): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const done = (error: Error | null, output: Buffer) => {
      this.#running--;
      this.#next();
      if (error === null) resolve(output);
      else reject(error);
    };
    this.#waiting.push({ work, input, options, done: AsyncResource.bind(done) });
    this.#next();
    return promise;
  }

  #next(): void {
    if (this.#running >= maxRunning) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#running++;
    job.work(job.input, job.options, job.done);
  }
}

export function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

/** What its last four bytes say (RFC 1952, section 2.3.1). */
function sizeOf(input: Uint8Array): number {
  const at = input.length - 4;
  if (at < 0) return 0;
  return (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) >>> 0;
}
