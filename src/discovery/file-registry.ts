import { readFile, stat } from 'node:fs/promises';
import { type Context, sleep } from '../concurrency/index.ts';
import { isStatusError, StatusError } from '../errors/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { parseInstances } from './instances-file.ts';
import type { Instance, Registry } from './registry.ts';
import { type Lease, type ListSource, type Lists, listsOf, type RegistryBackend } from './registry-backend.ts';
import { type RemoteRegistryOptions, remoteRegistry } from './remote-registry.ts';

export interface FileRegistryOptions extends RemoteRegistryOptions {
  /** How often the file is looked at. Default: 1,000. */
  readonly pollMs?: number;
}

/**
 * Lists from a file that people or tools write: YAML, or JSON where its name ends with `.json`.
 *
 *     room: ['http://10.0.0.1:8080', 'http://10.0.0.2:8080']
 *     rank: [{ id: rank-1, lane: blue, weight: 2, endpoints: { rpc: 'http://10.0.0.3:8080' } }]
 *
 * A change is seen within `pollMs`. A file that is broken, empty or gone leaves the last good lists in use, and is named in
 * the log once. Nobody can register: READ_ONLY. Throws a RangeError for a bad `pollMs`.
 */
export function fileRegistry(path: string, { pollMs = 1_000, ...options }: FileRegistryOptions = {}): Registry {
  if (!(pollMs > 0)) throw new RangeError(`fileRegistry: pollMs ${pollMs} is not a number above 0`);
  return remoteRegistry(new FileBackend(path, pollMs), options);
}

const maxFileBytes = 64 * 1024 * 1024;

class FileBackend implements RegistryBackend {
  readonly name: string;
  readonly #path: string;
  readonly #pollMs: number;

  constructor(path: string, pollMs: number) {
    this.name = `the registry's file ${path}`;
    this.#path = path;
    this.#pollMs = pollMs;
  }

  async register(_ctx: Context, { service, id }: Instance): Promise<Lease> {
    throw DiscoveryErrors.READ_ONLY(`register ${service}/${id}: write it into ${this.#path}`);
  }

  source(service: string | undefined): ListSource {
    return { read: (ctx) => this.#read(ctx, service) };
  }

  async close(): Promise<void> {}

  async *#read(ctx: Context, service: string | undefined): AsyncGenerator<Lists | undefined> {
    let seen = '';
    for (;;) {
      const { mtimeMs, size, ino } = await stat(this.#path).catch(unreadable);
      // A file that was put in place by renaming may be as old as the one before.
      const version = `${mtimeMs} ${size} ${ino}`;
      yield version === seen ? undefined : await this.#lists(service, size);
      seen = version;
      await sleep(ctx, this.#pollMs);
    }
  }

  async #lists(service: string | undefined, size: number): Promise<Lists> {
    if (size > maxFileBytes) throw broken(`it has ${size} bytes; it may have ${maxFileBytes}`);
    const text = await readFile(this.#path, 'utf8').catch(unreadable);
    const instances = parseInstances(await parse(this.#path, text));
    return listsOf(service === undefined ? instances : instances.filter((one) => one.service === service), true);
  }
}

async function parse(path: string, text: string): Promise<unknown> {
  // Somebody is about to write it.
  if (text.trim() === '') throw broken('it is empty');
  try {
    if (path.endsWith('.json')) return JSON.parse(text);
    const { parse: parseYaml } = await import('yaml');
    return parseYaml(text, { maxAliasCount: 100 });
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
}

function unreadable(error: unknown): never {
  if (isStatusError(error)) throw error;
  throw broken(error instanceof Error ? error.message : String(error));
}

function broken(why: string): StatusError {
  return new StatusError('failed_precondition', why.split('\n')[0]!, { reason: 'BROKEN_FILE' });
}
