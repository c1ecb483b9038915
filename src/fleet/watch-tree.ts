import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock, Timer } from '../concurrency/index.ts';

export interface WatchTreeOptions {
  readonly clock: Clock;
  /** Several files that are saved together are told together, after so long without another. Default: 60 ms. */
  readonly settleMs?: number;
  /** Directories that are not entered: beside these, `node_modules`, `dist` and what begins with a dot. Default: none. */
  readonly ignore?: readonly string[];
  /** Called with the absolute paths, each once. */
  readonly onChange: (files: readonly string[]) => void;
  /** Watching has ended or misses something, for this reason. At most once. */
  readonly onTrouble: (message: string) => void;
}

export interface TreeWatch {
  close(): void;
}

const skipped: ReadonlySet<string> = new Set(['node_modules', 'dist', 'artifacts']);
/** Each directory costs a watch of the system, which are limited per user. */
const maxDirectories = 4096;

/**
 * Watches directories and all below them. One watch per directory, set here and not by `recursive`, which would also
 * enter `node_modules`. Resolves when the watches are set.
 */
export async function watchTree(roots: readonly string[], options: WatchTreeOptions): Promise<TreeWatch> {
  const tree = new Tree(options);
  await Promise.all(roots.map((root) => tree.add(root)));
  return tree;
}

class Tree implements TreeWatch {
  readonly #options: WatchTreeOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #timer: Timer | undefined;
  #closed = false;
  #troubled = false;

  constructor(options: WatchTreeOptions) {
    this.#options = options;
  }

  async add(directory: string): Promise<void> {
    if (this.#closed || this.#watchers.has(directory)) return;
    if (this.#watchers.size >= maxDirectories)
      return this.#trouble(`there are more than ${maxDirectories} directories`);
    try {
      const watcher = watch(directory, (_event, name) => this.#see(directory, name));
      this.#watchers.set(directory, watcher);
      watcher.on('error', () => this.#drop(directory));
    } catch (error) {
      return this.#trouble(error instanceof Error ? error.message : String(error));
    }
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    await Promise.all(
      entries.filter((entry) => entry.isDirectory()).map((entry) => this.#enter(join(directory, entry.name))),
    );
  }

  close(): void {
    this.#closed = true;
    this.#timer?.stop();
    for (const directory of [...this.#watchers.keys()]) this.#drop(directory);
  }

  async #enter(directory: string): Promise<void> {
    const name = basename(directory);
    if (skipped.has(name) || name.startsWith('.') || this.#options.ignore?.includes(directory)) return;
    await this.add(directory);
  }

  #see(directory: string, name: string | null): void {
    if (name === null || name.startsWith('.') || this.#closed) return;
    const path = join(directory, name);
    if (skipped.has(name) || this.#options.ignore?.includes(path)) return;
    this.#changed.add(path);
    this.#timer?.stop();
    this.#timer = this.#options.clock.after(this.#options.settleMs ?? 60, () => void this.#tell());
  }

  async #tell(): Promise<void> {
    const paths = [...this.#changed];
    this.#changed.clear();
    const files: string[] = [];
    for (const path of paths) {
      const found = await stat(path).catch(() => undefined);
      if (found?.isDirectory()) await this.#enter(path);
      else files.push(path);
    }
    if (files.length > 0 && !this.#closed) this.#options.onChange(files);
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }

  #trouble(message: string): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#options.onTrouble(message);
  }
}
