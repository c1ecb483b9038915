import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { background, type Context, type Timer, WaitGroup } from '../concurrency/index.ts';
import { telemetryOf } from '../observe/index.ts';
import { checkInstance } from './instance.ts';
import type { Instance, Snapshot } from './registry.ts';

export interface ListCacheOptions {
  readonly dir: string;
  /** Which registry the lists are of. */
  readonly source: string;
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
  savedAt: number;
}

/** A list of a watch that lives: written when it changes, and again before the written one is old. */
export interface HeldList {
  take(snapshot: Snapshot): void;
  [Symbol.dispose](): void;
}

/** Lists on the disk, one file for each service. Writing is by a new name that takes the old one's place: no reader sees half a file. */
export class ListCache {
  readonly #options: ListCacheOptions;
  /** The newest list of those that are to be written soon. */
  readonly #pending = new Map<string, Pending>();
  readonly #held = new Set<Held>();
  /** One after the other for each service: an older list must not come to lie over a newer one. */
  readonly #saving = new Map<string, Promise<void>>();
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
      const { savedAt, source, service: name, instances } = JSON.parse(text) as Record<string, unknown>;
      if (name !== service || typeof savedAt !== 'number' || !Array.isArray(instances))
        throw new Error('it has no list');
      if (source !== this.#options.source) return undefined;
      const ageMs = this.#options.now() - savedAt;
      return ageMs > this.#options.maxAgeMs ? undefined : Object.freeze(instances.map(checkInstance));
    } catch (error) {
      telemetryOf(ctx).log.warn(ctx, `the list in ${file} cannot be used and is ignored`, { error });
      return undefined;
    }
  }

  /** For one watch. Never fails: what cannot be written is said once. */
  hold(ctx: Context): HeldList {
    const { maxAgeMs, writeMs, now } = this.#options;
    let leave = () => {};
    const held = new Held(ctx, {
      staleMs: Math.max(maxAgeMs / 10, writeMs),
      now,
      write: (snapshot) => this.#write(ctx, snapshot),
      onEnd: () => {
        leave();
        this.#held.delete(held);
      },
    });
    this.#held.add(held);
    leave = ctx.onDone(() => held[Symbol.dispose]());
    return held;
  }

  /** Writes soon; of several in that time the last. */
  #write(ctx: Context, snapshot: Snapshot): void {
    const { service } = snapshot;
    const savedAt = this.#options.now();
    const pending = this.#pending.get(service);
    if (pending !== undefined) {
      Object.assign(pending, { snapshot, savedAt });
      return;
    }
    const timer = ctx.clock.after(this.#options.writeMs, () => this.#flush(service));
    this.#pending.set(service, { ctx, timer, snapshot, savedAt });
  }

  /** Writes what is left to write, and waits for it. */
  async close(): Promise<void> {
    for (const held of this.#held) held[Symbol.dispose]();
    for (const service of [...this.#pending.keys()]) this.#flush(service);
    await this.#writing.wait(background());
  }

  #flush(service: string): void {
    const pending = this.#pending.get(service);
    if (pending === undefined) return;
    this.#pending.delete(service);
    pending.timer.stop();
    const before = this.#saving.get(service) ?? Promise.resolve();
    const saving = before
      .then(() => this.#save(pending))
      .finally(() => {
        if (this.#saving.get(service) === saving) this.#saving.delete(service);
      });
    this.#saving.set(service, saving);
    this.#writing.go(() => saving);
  }

  async #save({ ctx, savedAt, snapshot: { service, instances } }: Pending): Promise<void> {
    const { dir, source } = this.#options;
    const file = this.#fileOf(service);
    const temporary = `${file}.${process.pid}.${crypto.randomUUID()}`;
    try {
      await mkdir(dir, { recursive: true });
      if (!(await this.#hasPlace(service))) return;
      await writeFile(temporary, JSON.stringify({ service, source, savedAt, instances }), { mode: 0o600 });
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

interface HeldOptions {
  /** What was written so long ago is written again. */
  readonly staleMs: number;
  readonly now: () => number;
  readonly write: (snapshot: Snapshot) => void;
  readonly onEnd: () => void;
}

/** A list that does not change is as good as on its first day while it is watched: its file must not grow old. */
class Held implements HeldList {
  readonly #ctx: Context;
  readonly #options: HeldOptions;
  #newest: Snapshot | undefined;
  #writtenAt = 0;
  #timer: Timer | undefined;
  #hasEnded = false;

  constructor(ctx: Context, options: HeldOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  take(snapshot: Snapshot): void {
    if (this.#hasEnded) return;
    this.#timer?.stop();
    // An empty one is not kept, and the older one that was is no longer true: that may grow old.
    this.#newest = snapshot.instances.length === 0 ? undefined : snapshot;
    this.#write();
  }

  [Symbol.dispose](): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timer?.stop();
    const { now, staleMs, onEnd } = this.#options;
    if (now() - this.#writtenAt >= staleMs) this.#write();
    onEnd();
  }

  #write(): void {
    if (this.#newest === undefined) return;
    const { now, staleMs, write } = this.#options;
    this.#writtenAt = now();
    write(this.#newest);
    if (!this.#hasEnded) this.#timer = this.#ctx.clock.after(staleMs, () => this.#write());
  }
}

const extension = '.list.json';

/** Names of services are safe as names of files, but for their case where the file system does not tell it: that is escaped. */
function nameOf(service: string): string {
  return service.replace(/[A-Z]/g, (letter) => `%${letter.toLowerCase()}`) + extension;
}
