import type { Instance } from './registry.ts';
import type { WireList } from './registry-wire.ts';

/**
 * One service's list as a client keeps it over a restart of the registry. A registry that has just started is empty until
 * its instances have registered again: until it says that its list is complete, those that it has not named yet are kept
 * from the list before. Pure.
 */
export class LastGoodList {
  #epoch = '';
  #current: readonly Instance[] = [];
  /** From the epoch before, by id, without those that the new one has named: it decides about them. */
  #carried = new Map<string, Instance>();

  /** What is in use after this answer. */
  take({ epoch, complete, instances }: Pick<WireList, 'epoch' | 'complete' | 'instances'>): readonly Instance[] {
    if (epoch !== this.#epoch) this.#carried = new Map(this.#current.map((instance) => [instance.id, instance]));
    this.#epoch = epoch;
    for (const { id } of instances) this.#carried.delete(id);
    if (complete) this.#carried.clear();
    this.#current = [...instances, ...this.#carried.values()];
    return this.#current;
  }
}
