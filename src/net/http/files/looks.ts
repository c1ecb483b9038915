import { stat } from 'node:fs';
import { type FileId, idOf } from './file-id.ts';

/**
 * Looks at the times of files. Whoever asks gets a look that began after the question, so a change that was made before is seen;
 * all who ask while one is under way share the next. A look costs more than the rest of an answer from memory.
 */
export class Looks {
  readonly #open = new Map<string, Look>();

  /** The version that is there; undefined for what is no file, or none that we may see. Rejects if the disk fails. */
  at(name: string): Promise<FileId | undefined> {
    const running = this.#open.get(name);
    if (running !== undefined) {
      running.next ??= Promise.withResolvers();
      return running.next.promise;
    }
    const look: Look = { now: Promise.withResolvers(), next: undefined };
    this.#open.set(name, look);
    this.#run(name, look);
    return look.now.promise;
  }

  #run(name: string, look: Look): void {
    stat(name, (error, stats) => {
      const { now, next } = look;
      if (next === undefined) this.#open.delete(name);
      else {
        look.now = next;
        look.next = undefined;
        this.#run(name, look);
      }
      if (error !== null && !isMissing(error)) now.reject(error);
      else now.resolve(error === null && stats.isFile() ? idOf(stats) : undefined);
    });
  }
}

interface Look {
  now: PromiseWithResolvers<FileId | undefined>;
  next: PromiseWithResolvers<FileId | undefined> | undefined;
}

const missing = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM', 'EINVAL']);

/** Whether a file is not there, or not ours to see; any other failure is one of the disk. */
export function isMissing(error: unknown): boolean {
  return missing.has((error as NodeJS.ErrnoException).code ?? '');
}

/** For a `catch`: what is missing is undefined. */
export function ignoreMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
