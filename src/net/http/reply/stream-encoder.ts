import {
  type BrotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  type Gzip,
  type ZstdCompress,
} from 'node:zlib';
import type { Coding } from './negotiate.ts';

/**
 * One stream in a coding. Each chunk comes out as a whole, so that the client gets it when it is made; with `isBulk` bytes are
 * kept back until there are many of them, which makes them smaller.
 */
export class StreamEncoder {
  readonly #zlib: Gzip | BrotliCompress | ZstdCompress;
  readonly #onClose: () => void;
  #out: Buffer[] = [];
  #reject: ((error: Error) => void) | undefined;
  #isClosed = false;

  constructor(coding: Coding, level: number, isBulk: boolean, onClose: () => void) {
    this.#zlib = encoder(coding, level, isBulk);
    this.#onClose = onClose;
    this.#zlib.on('data', (chunk: Buffer) => this.#out.push(chunk));
    this.#zlib.on('error', (error: Error) => this.#reject?.(error));
  }

  /** What is to be sent for the chunk; may be nothing yet. One at a time. */
  write(chunk: string | Uint8Array): Promise<Uint8Array> {
    return this.#step((done) => this.#zlib.write(chunk, done));
  }

  /** The rest. */
  end(): Promise<Uint8Array> {
    return this.#step((done) => this.#zlib.once('end', done).end());
  }

  /** Frees its memory, whatever is still in it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#zlib.destroy();
    this.#onClose();
  }

  #step(run: (done: (error?: Error | null) => void) => void): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      run((error) => {
        this.#reject = undefined;
        if (error) reject(error);
        else resolve(this.#take());
      });
    });
  }

  #take(): Uint8Array {
    const chunks = this.#out;
    this.#out = [];
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }
}

/** With windows that are small for what they lose: at their defaults an idle stream holds twice the memory. */
function encoder(coding: Coding, level: number, isBulk: boolean): Gzip | BrotliCompress | ZstdCompress {
  switch (coding) {
    case 'gzip':
      return createGzip({
        level,
        windowBits: 14,
        memLevel: 7,
        flush: isBulk ? constants.Z_NO_FLUSH : constants.Z_SYNC_FLUSH,
      });
    case 'br':
      return createBrotliCompress({
        flush: isBulk ? constants.BROTLI_OPERATION_PROCESS : constants.BROTLI_OPERATION_FLUSH,
        params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: 17 },
      });
    case 'zstd':
      return createZstdCompress({
        flush: isBulk ? constants.ZSTD_e_continue : constants.ZSTD_e_flush,
        params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: 17 },
      });
  }
}
