import type { Context } from '../concurrency/index.ts';
import { Changes } from './changes.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { checkInstance } from './instance.ts';
import type { Instance, Registration, Registry, Snapshot } from './registry.ts';

export interface MemoryRegistryOptions {
  /** How many instances it holds at most, over all services. Default: 10,000. */
  readonly maxInstances?: number;
}

/**
 * The lists in this process: for tests, for services that share a process, and behind `registryRoutes`. What is
 * registered stays until it is closed: nothing in the same process can die without its registry.
 */
export function memoryRegistry(options: MemoryRegistryOptions = {}): Registry {
  return new MemoryRegistry(options);
}

/** One service's list. Dropped when it is empty and unwatched, so that asking for names costs a stranger's memory, not ours. */
interface Cell {
  readonly instances: Map<string, Instance>;
  readonly changes: Changes;
  snapshot: Snapshot;
  watchers: number;
}

class MemoryRegistry implements Registry {
  readonly #maxInstances: number;
  readonly #cells = new Map<string, Cell>();
  readonly #all = new Changes();
  #size = 0;
  #revision = 0;
  /** A service whose cell was dropped starts again from here: its revision never falls. */
  #droppedRevision = 0;
  #closed = false;

  constructor({ maxInstances = 10_000 }: MemoryRegistryOptions) {
    this.#maxInstances = maxInstances;
  }

  async register(ctx: Context, given: Instance): Promise<Registration> {
    ctx.throwIfDone();
    if (this.#closed) throw DiscoveryErrors.REGISTRY_CLOSED('register: the registry was closed');
    const instance = checkInstance(given);
    const { service, id } = instance;
    const known = this.#cells.get(service)?.instances.has(id) ?? false;
    if (!known && this.#size >= this.#maxInstances) {
      throw DiscoveryErrors.REGISTRY_FULL(
        `register ${service}/${id}: the registry holds ${this.#size} instances, its limit; deregister some or raise maxInstances`,
      );
    }
    this.#change(this.#cell(service), (instances) => instances.set(id, instance));
    return { close: async () => this.#remove(instance) };
  }

  async *watch(ctx: Context, service: string): AsyncIterable<Snapshot> {
    const cell = this.#cell(service);
    cell.watchers++;
    try {
      let seen: number;
      do {
        if (this.#closed || ctx.err() !== undefined) return;
        seen = cell.changes.count;
        yield cell.snapshot;
      } while (await cell.changes.after(ctx, seen));
    } finally {
      cell.watchers--;
      this.#dropIfUnused(cell);
    }
  }

  async *watchAll(ctx: Context): AsyncIterable<readonly Snapshot[]> {
    let seen: number;
    do {
      if (this.#closed || ctx.err() !== undefined) return;
      seen = this.#all.count;
      yield [...this.#cells.values()].map((cell) => cell.snapshot).filter(({ instances }) => instances.length > 0);
    } while (await this.#all.after(ctx, seen));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const cell of this.#cells.values()) cell.changes.close();
    this.#all.close();
  }

  /** Removes exactly this registration: one that replaced it under the same id stays. */
  #remove(instance: Instance): void {
    const cell = this.#cells.get(instance.service);
    if (cell?.instances.get(instance.id) !== instance) return;
    this.#change(cell, (instances) => instances.delete(instance.id));
    this.#dropIfUnused(cell);
  }

  #change(cell: Cell, edit: (instances: Map<string, Instance>) => void): void {
    this.#size -= cell.instances.size;
    edit(cell.instances);
    this.#size += cell.instances.size;
    cell.snapshot = {
      service: cell.snapshot.service,
      revision: ++this.#revision,
      instances: Object.freeze([...cell.instances.values()]),
    };
    cell.changes.bump();
    this.#all.bump();
  }

  #cell(service: string): Cell {
    let cell = this.#cells.get(service);
    if (cell === undefined) {
      const snapshot = { service, revision: this.#droppedRevision, instances: [] };
      cell = { instances: new Map(), changes: new Changes(), snapshot, watchers: 0 };
      this.#cells.set(service, cell);
    }
    return cell;
  }

  #dropIfUnused(cell: Cell): void {
    const { service } = cell.snapshot;
    if (cell.instances.size > 0 || cell.watchers > 0 || this.#cells.get(service) !== cell) return;
    this.#cells.delete(service);
    this.#droppedRevision = Math.max(this.#droppedRevision, cell.snapshot.revision);
  }
}
