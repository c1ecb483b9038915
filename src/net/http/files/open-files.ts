import { type FileHandle, open } from 'node:fs/promises';
import { HttpErrors } from '../http-errors.ts';
import { type FileId, idOf, isSameFile } from './file-id.ts';
import { openFlags } from './folder.ts';

/** A file that is being sent. Whoever got one releases it once. */
export interface OpenFile {
  readonly id: FileId;
  readonly handle: FileHandle;
  release(): void;
}

/**
 * The descriptors of the files that are being sent. All who read the same version of a file share one, so that many slow
 * readers of one file hold no more than one; it is closed when the last has left.
 */
export class OpenFiles {
  readonly #max: number;
  readonly #files = new Map<string, SharedFile>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Descriptors that are open or being opened. */
  get count(): number {
    return this.#count;
  }

  /**
   * Opens the version `id` of the file. Undefined if it is not there any more. Throws TOO_MANY_OPEN_FILES: to wait would be to
   * let a few slow readers keep everybody else waiting.
   */
  async open(name: string, id: FileId): Promise<OpenFile | undefined> {
    const known = this.#files.get(name);
    if (known !== undefined && isSameFile(known.id, id)) return known.lend();
    if (this.#count >= this.#max) throw tooMany(this.#max);
    this.#count++;
    let file: SharedFile | undefined;
    try {
      file = await this.#openNew(name, id);
    } finally {
      if (file === undefined) this.#count--;
    }
    if (file === undefined) return undefined;
    // Two that opened it at the same time keep one each; the next ones share the later.
    this.#files.set(name, file);
    return file.lend();
  }

  async #openNew(name: string, id: FileId): Promise<SharedFile | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(name, openFlags);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EMFILE' || code === 'ENFILE') throw tooMany(this.#max);
      return undefined;
    }
    try {
      if (isSameFile(idOf(await handle.stat()), id))
        return new SharedFile(handle, id, (file) => this.#close(name, file));
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return undefined;
  }

  #close(name: string, file: SharedFile): void {
    if (this.#files.get(name) === file) this.#files.delete(name);
    // Waits for the reads that are under way. It fails only where the system lost the file, which frees it as well.
    const closed = () => void this.#count--;
    file.handle.close().then(closed, closed);
  }
}

class SharedFile {
  readonly handle: FileHandle;
  readonly id: FileId;
  readonly #close: (file: SharedFile) => void;
  #readers = 0;

  constructor(handle: FileHandle, id: FileId, close: (file: SharedFile) => void) {
    this.handle = handle;
    this.id = id;
    this.#close = close;
  }

  lend(): OpenFile {
    this.#readers++;
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      if (--this.#readers === 0) this.#close(this);
    };
    return { id: this.id, handle: this.handle, release };
  }
}

function tooMany(max: number): Error {
  return HttpErrors.TOO_MANY_OPEN_FILES(`as many files as can be (${max}) are being sent; try again in a moment`);
}
