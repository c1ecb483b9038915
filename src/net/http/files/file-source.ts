import { StatusError } from '../../../errors/index.ts';
import { idOf } from './file-id.ts';
import type { OpenFile } from './open-files.ts';
import type { ByteRange } from './ranges.ts';

/** What is read at a time, and so all that a client that takes nothing holds in memory, twice: one piece is read ahead. */
export const pieceBytes = 128 * 1024;

/** A text, or bytes of a file, in the order in which they are sent. */
export type Section = string | ByteRange;

/**
 * The sections, the file's bytes read piece by piece, the next one while the last is being sent. The file is released when
 * all is given or the reader leaves.
 *
 * Throws FILE_CHANGED when the file became shorter or was written over since it was opened, at the latest before the last
 * piece, so that nobody takes a mixture for the file. One that only grew is still what was promised.
 */
export class FileSource implements AsyncIterableIterator<Uint8Array> {
  readonly #file: OpenFile;
  readonly #sections: readonly Section[];
  #section = 0;
  /** Where in the section. */
  #at = 0;
  #ahead: Promise<Uint8Array | undefined> | undefined;

  constructor(file: OpenFile, sections: readonly Section[]) {
    this.#file = file;
    this.#sections = sections;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const piece = await (this.#ahead ?? this.#read());
      if (piece === undefined) return this.return();
      this.#ahead = this.#read();
      // Its failure is told by the next step, if there is one.
      this.#ahead.catch(() => {});
      return { done: false, value: piece };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#section = this.#sections.length;
    this.#ahead = undefined;
    this.#file.release();
    return { done: true, value: undefined };
  }

  async #read(): Promise<Uint8Array | undefined> {
    const section = this.#sections[this.#section];
    if (section === undefined) return undefined;
    if (typeof section === 'string') {
      this.#section++;
      return Buffer.from(section, 'latin1');
    }
    const position = section.first + this.#at;
    const left = section.last + 1 - position;
    const length = Math.min(left, pieceBytes);
    this.#at += length;
    const isLast = length === left;
    if (isLast) {
      this.#section++;
      this.#at = 0;
    }
    const piece = await this.#bytes(position, length);
    if (isLast) await this.#check();
    return piece;
  }

  async #bytes(position: number, length: number): Promise<Uint8Array> {
    // Memory of its own: the pool's would be held as a whole by a slow client.
    const piece = Buffer.allocUnsafeSlow(length);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await this.#file.handle.read(piece, filled, length - filled, position + filled);
      if (bytesRead === 0) throw changed();
      filled += bytesRead;
    }
    return piece;
  }

  async #check(): Promise<void> {
    const { id, handle } = this.#file;
    const now = idOf(await handle.stat());
    if (now.size < id.size || (now.size === id.size && now.modifiedMs !== id.modifiedMs)) throw changed();
  }
}

function changed(): StatusError {
  return new StatusError('aborted', 'the file was changed while it was being sent', { reason: 'FILE_CHANGED' });
}
