import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { type Context, Semaphore, SingleFlight, until } from '../../../concurrency/index.ts';
import { isCompressible } from '../reply/compressible.ts';
import type { Coding } from '../reply/negotiate.ts';
import { ByteCache } from './byte-cache.ts';
import { contentTypeOf } from './content-types.ts';
import { type FileContent, plainContent } from './file-content.ts';
import { type FileId, idOf, isSameFile, isSettled, isUntouched } from './file-id.ts';
import { namesOf } from './file-path.ts';
import { ignoreMissing, Looks } from './looks.ts';

/** A version of a file, and what was made of it so far. */
export interface FileVersion {
  readonly path: string;
  readonly contentType: string;
  readonly isCompressible: boolean;
  readonly plain: FileContent;
  /** Codings that lie in a file beside it. */
  readonly siblings: readonly Coding[];
  /** What was computed; undefined where a coding is not worth it. */
  readonly coded: Map<Coding, FileContent | undefined>;
}

export interface FolderOptions {
  readonly cacheBytes: number;
  /** Whether the content at the path is always the same: there is no need to look at it twice. */
  readonly isImmutable: (path: string) => boolean;
  /** The time on the wall, in milliseconds since 1970: what file systems know of. */
  readonly nowMs: () => number;
}

/** Not blocking, should a file have become a pipe since it was looked at. Windows has neither. */
export const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** What lies beside a file that was compressed by somebody else. */
export const siblingExtensions: readonly (readonly [coding: Coding, extension: string])[] = [
  ['zstd', '.zst'],
  ['br', '.br'],
  ['gzip', '.gz'],
];

/** What an entry costs beside its bytes. */
const entryBytes = 1024;
/** Larger files are read from disk each time; also the largest part of the cache that one file may take. */
const maxKeptBytes = 1024 * 1024;
const maxShare = 8;
/** Files that are read into the cache at a time. */
const maxLoads = 32;

/** The files that may be seen of a folder, as they are now: each request looks at the file's times. */
export class Folder {
  readonly #root: string;
  readonly #isImmutable: (path: string) => boolean;
  readonly #nowMs: () => number;
  readonly #maxKeptBytes: number;
  readonly #files: ByteCache<FileVersion>;
  readonly #loads = new SingleFlight<string, FileVersion | undefined>();
  readonly #looks = new Looks();
  readonly #slots = new Semaphore(maxLoads, { name: 'file loads' });

  constructor(root: string, { cacheBytes, isImmutable, nowMs }: FolderOptions) {
    this.#root = root;
    this.#isImmutable = isImmutable;
    this.#nowMs = nowMs;
    this.#maxKeptBytes = Math.min(maxKeptBytes, Math.floor(cacheBytes / maxShare));
    this.#files = new ByteCache(cacheBytes);
  }

  /** The file at the path, or undefined if there is none that may be seen. */
  async find(ctx: Context, path: string): Promise<FileVersion | undefined> {
    const known = this.#files.get(path);
    if (known !== undefined && known.plain.data !== undefined && this.#isImmutable(path)) return known;
    const names = namesOf(path);
    if (names === undefined) return undefined;
    const name = join(this.#root, ...names);
    const id = await until(ctx, this.#looks.at(name));
    if (id === undefined) return undefined;
    if (known !== undefined && isUntouched(known.plain.id, id)) return known;
    // By version: who saw the newer one must not be given the older one that is being read.
    const key = `${path}\0${id.size} ${id.modifiedMs} ${id.changedMs}`;
    return this.#loads.do(ctx, key, (ctx) => this.#load(ctx, path, name, id));
  }

  /** Something was made of the version that is worth keeping as long as it. */
  keep(file: FileVersion, coding: Coding, content: FileContent | undefined): void {
    file.coded.set(coding, content);
    this.#files.grow(file.path, file, content?.data?.length ?? 0);
  }

  async #load(ctx: Context, path: string, name: string, id: FileId): Promise<FileVersion | undefined> {
    using _slot = await this.#slots.acquire(ctx);
    const realName = await this.#realName(name);
    if (realName === undefined) return undefined;
    const nowMs = this.#nowMs();
    const data = id.size <= this.#maxKeptBytes ? await readWhole(realName, id) : undefined;
    const contentType = contentTypeOf(extname(path).toLowerCase());
    const compressible = isCompressible(contentType);
    const file: FileVersion = {
      path,
      contentType,
      isCompressible: compressible,
      plain: plainContent(realName, id, data, nowMs),
      siblings: compressible ? await this.#siblings(name, id) : [],
      coded: new Map(),
    };
    // A change that its times would not show must be seen as well, so what is that new is not kept.
    if (isSettled(Math.max(id.modifiedMs, id.changedMs), nowMs)) {
      this.#files.put(path, file, entryBytes + (data?.length ?? 0));
    }
    return file;
  }

  /** Those that are not older than the file itself: an older one holds a former version. */
  async #siblings(name: string, id: FileId): Promise<readonly Coding[]> {
    const found = await Promise.all(siblingExtensions.map(([, extension]) => this.#looks.at(name + extension)));
    return siblingExtensions.flatMap(([coding], index) => {
      const sibling = found[index];
      return sibling !== undefined && sibling.size > 0 && sibling.modifiedMs >= id.modifiedMs ? [coding] : [];
    });
  }

  /** No symbolic link leads out of the folder. The folder itself may be one, and lead elsewhere after the next release. */
  async #realName(name: string): Promise<string | undefined> {
    const [root, realName] = await Promise.all(
      [realpath(this.#root), realpath(name)].map((path) => path.catch(ignoreMissing)),
    );
    if (root === undefined || realName === undefined) return undefined;
    return realName.startsWith(root.endsWith(sep) ? root : root + sep) ? realName : undefined;
  }
}

/** All of it, if it is still the version `id`; else undefined: it is then read when it is sent, which will tell. */
async function readWhole(name: string, id: FileId): Promise<Uint8Array | undefined> {
  const handle = await open(name, openFlags).catch(ignoreMissing);
  if (handle === undefined) return undefined;
  try {
    // Never more than was seen, whatever it has grown to.
    const data = Buffer.allocUnsafeSlow(id.size);
    for (let filled = 0; filled < data.length; ) {
      const { bytesRead } = await handle.read(data, filled, data.length - filled, filled);
      if (bytesRead === 0) return undefined;
      filled += bytesRead;
    }
    return isSameFile(idOf(await handle.stat()), id) ? data : undefined;
  } finally {
    await handle.close();
  }
}
