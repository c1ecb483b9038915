import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { background, type Context, type Timer, WaitGroup } from '../concurrency/index.ts';
import { telemetryOf } from '../observe/index.ts';
import { checkInstance } from './instance.ts';
import type { Instance, Snapshot } from './registry.ts';

export interface ListCacheOptions {
  readonly dir: string;
  readonly maxAgeMs: number;
  readonly maxServices: number;
  readonly writeMs: number;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

interface Pending {
  readonly ctx: Context;
  readonly timer: Timer;
  snapshot: Snapshot;
}

/** Lists on the disk, one file for each service. Writing is by a new name that takes the old one's place: no reader sees half a file. */
export class ListCache {
  readonly #options: ListCacheOptions;
  /** The newest list of those that are to be written soon. */
  readonly #pending = new Map<string, Pending>();
  readonly #writing = new WaitGroup({ name: 'writing of lists' });
  #hasFailed = false;

  constructor(options: ListCacheOptions) {
    this.#options = options;
  }

  /** Undefined: there is none that is good. */
  async read(ctx: Context, service: string): Promise<readonly Instance[] | undefined> {
    const file = this.#fileOf(service);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch {
      return undefined;
    }
    try {
      const { savedAt, service: name, instances } = JSON.parse(text) as Record<string, unknown>;
      if (name !== service || typeof savedAt !== 'number' || !Array.isArray(instances))
        throw new Error('it has no list');
      const ageMs = this.#options.now() - savedAt;
      return ageMs > this.#options.maxAgeMs ? undefined : Object.freeze(instances.map(checkInstance));
    } catch (error) {
      telemetryOf(ctx).log.warn(ctx, `the list in ${file} cannot be used and is ignored`, { error });
      return undefined;
    }
  }

  /** Writes soon; of several in that time the last. Never fails: what cannot be written is said once. */
  write(ctx: Context, snapshot: Snapshot): void {
    if (snapshot.instances.length === 0) return;
    const { service } = snapshot;
    const pending = this.#pending.get(service);
    if (pending !== undefined) {
      pending.snapshot = snapshot;
      return;
    }
    const timer = ctx.clock.after(this.#options.writeMs, () => this.#flush(service));
    this.#pending.set(service, { ctx, timer, snapshot });
  }

  /** Writes what is left to write, and waits for it. */
  async close(): Promise<void> {
    for (const service of [...this.#pending.keys()]) this.#flush(service);
    await this.#writing.wait(background());
  }

  #flush(service: string): void {
    const pending = this.#pending.get(service);
    if (pending === undefined) return;
    this.#pending.delete(service);
    pending.timer.stop();
    this.#writing.go(() => this.#save(pending));
  }

  async #save({ ctx, snapshot: { service, instances } }: Pending): Promise<void> {
    const { dir, now } = this.#options;
    const file = this.#fileOf(service);
    const temporary = `${file}.${process.pid}.${crypto.randomUUID()}`;
    try {
      await mkdir(dir, { recursive: true });
      if (!(await this.#hasPlace(service))) return;
      await writeFile(temporary, JSON.stringify({ service, savedAt: now(), instances }), { mode: 0o600 });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      telemetryOf(ctx).log.warn(ctx, `lists of instances cannot be kept in ${dir}`, { error });
    }
  }

  async #hasPlace(service: string): Promise<boolean> {
    const files = (await readdir(this.#options.dir)).filter((name) => name.endsWith(extension));
    return files.length < this.#options.maxServices || files.includes(nameOf(service));
  }

  #fileOf(service: string): string {
    return join(this.#options.dir, nameOf(service));
  }
}

const extension = '.list.json';

/** Names of services are safe as names of files, but for their case where the file system does not tell it: that is escaped. */
function nameOf(service: string): string {
  return service.replace(/[A-Z]/g, (letter) => `%${letter.toLowerCase()}`) + extension;
}
