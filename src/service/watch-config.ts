import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Awaitable, CancelContext, Context, Timer } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { telemetryOf } from '../observe/index.ts';
import { type ConfigOptions, loadConfig } from './config.ts';
import type { Schema } from './validate.ts';

export interface WatchConfigOptions extends ConfigOptions {
  /** Editors and tools change a file in several steps: it is read after so long without another one. Default: 100 ms. */
  readonly settleMs?: number;
  /** It is looked at this often too, for file systems that do not tell of changes. Default: 5,000 ms. */
  readonly pollMs?: number;
}

/** A configuration that follows its file. */
export interface WatchedConfig<T> {
  /** What holds now. */
  readonly value: T;
  /** Stops following and waits for an `onChange` that runs. May be called twice; the end of the Context does the same. */
  close(): Promise<void>;
}

/**
 * Loads a configuration as `loadConfig` does, and follows its file until `ctx` ends: saved in place, by a rename, or by the
 * link that Kubernetes swaps for a ConfigMap. `onChange` gets what holds from now on and what held before, never twice at a
 * time; what it throws is logged, and the new value holds all the same.
 *
 * A file that became invalid, or is gone, changes nothing: the problem is logged once. An empty one is believed when it is
 * still empty at the next look. Environment and flags do not change while a process runs. Without a file it never changes.
 * Rejects like `loadConfig` where the first load fails.
 */
export async function watchConfig<T>(
  ctx: Context,
  schema: Schema<T>,
  options: WatchConfigOptions,
  onChange: (next: T, previous: T) => Awaitable<void>,
): Promise<WatchedConfig<T>> {
  checkMs('settleMs', options.settleMs ?? 0, 0);
  checkMs('pollMs', options.pollMs ?? 1, 1);
  const text = await textOf(options);
  const config = new FollowedConfig(ctx, schema, options, onChange, text, await loadConfig(schema, options));
  config.start();
  return config;
}

class FollowedConfig<T> implements WatchedConfig<T> {
  value: T;
  readonly #ctx: CancelContext;
  readonly #schema: Schema<T>;
  readonly #options: WatchConfigOptions;
  readonly #onChange: (next: T, previous: T) => Awaitable<void>;
  /** What the value was made of. */
  #text: string;
  #hasBeenBlank = false;
  #problem = '';
  #watcher: FSWatcher | undefined;
  #settling: Timer | undefined;
  /** A change that nobody has looked at. */
  #isDirty = false;
  #resume: (goesOn: boolean) => void = () => {};
  #following: Promise<void> = Promise.resolve();

  constructor(
    ctx: Context,
    schema: Schema<T>,
    options: WatchConfigOptions,
    onChange: (next: T, previous: T) => Awaitable<void>,
    text: string,
    value: T,
  ) {
    this.#ctx = ctx.withCancel();
    this.#schema = schema;
    this.#options = options;
    this.#onChange = onChange;
    this.#text = text;
    this.value = value;
  }

  start(): void {
    const path = pathOf(this.#options);
    if (path !== undefined) this.#following = this.#follow(path);
  }

  async close(): Promise<void> {
    this.#ctx.cancel(new Error('the configuration is not followed any more'));
    await this.#following;
  }

  async #follow(path: string): Promise<void> {
    const stop = this.#ctx.onDone(() => this.#resume(false));
    this.#watch(path);
    try {
      while (await this.#pause()) await this.#look(path);
    } finally {
      stop();
      this.#settling?.stop();
      this.#watcher?.close();
    }
  }

  /** The directory, for the file itself is replaced. Where that cannot be watched there is the poll. */
  #watch(path: string): void {
    const name = basename(path);
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
        // Kubernetes swaps `..data`, through which the file's link goes.
        if (changed === null || changed === name || changed.startsWith('..')) this.#changed();
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  #changed(): void {
    if (this.#ctx.err() !== undefined) return;
    this.#settling?.stop();
    this.#settling = this.#ctx.clock.after(this.#options.settleMs ?? 100, () => {
      this.#isDirty = true;
      this.#resume(true);
    });
  }

  /** Until there is something to look at; false when it is over. */
  async #pause(): Promise<boolean> {
    if (this.#ctx.err() !== undefined) return false;
    if (this.#isDirty) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#resume = resolve;
    const poll = this.#ctx.clock.after(this.#options.pollMs ?? 5_000, () => resolve(true));
    const goesOn = await promise;
    poll.stop();
    return goesOn;
  }

  async #look(path: string): Promise<void> {
    this.#isDirty = false;
    try {
      const text = await textOf(this.#options);
      const isBlank = text.trim() === '';
      if (text === this.#text) this.#problem = '';
      else if (!isBlank || this.#hasBeenBlank) await this.#reload(path, text);
      this.#hasBeenBlank = isBlank;
    } catch (error) {
      this.#refuse(path, error);
    }
  }

  /** What is refused is tried again at the next look: it may have been read while it was written. */
  async #reload(path: string, text: string): Promise<void> {
    const next = await loadConfig(this.#schema, this.#options);
    this.#text = text;
    const { log } = telemetryOf(this.#ctx);
    const previous = this.value;
    this.value = next;
    this.#problem = '';
    log.info(this.#ctx, `${path} has changed: what it says holds from now on`);
    try {
      await this.#onChange(next, previous);
    } catch (error) {
      log.error(this.#ctx, `${path} has changed, and not all of it could be applied`, { error });
    }
  }

  #refuse(path: string, error: unknown): void {
    const { message } = errors.from(error);
    if (message === this.#problem) return;
    this.#problem = message;
    telemetryOf(this.#ctx).log.error(this.#ctx, `${path} cannot be used; what it said before still holds`, { error });
  }
}

function pathOf({ file }: ConfigOptions): string | undefined {
  return typeof file === 'object' ? file.path : file;
}

/** The file as it is, '' without one. What is wrong with it is the loader's to say. */
async function textOf(options: ConfigOptions): Promise<string> {
  const path = pathOf(options);
  if (path === undefined) return '';
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const isOptional = typeof options.file === 'object' && options.file.optional === true;
    if (error.code === 'ENOENT' && isOptional) return '';
    return `cannot be read: ${error.code}`;
  });
}

function checkMs(name: string, value: number, least: number): void {
  if (value >= least && value <= maxMs) return;
  throw new RangeError(`watchConfig: ${name} is ${value}; it must be from ${least} to ${maxMs}`);
}

const maxMs = 2 ** 31 - 1;
