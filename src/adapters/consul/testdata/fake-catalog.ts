export interface Known {
  readonly definition: Readonly<Record<string, unknown>>;
  readonly ttlMs: number;
  readonly deregisterMs: number;
  status: 'passing' | 'critical';
  passedAt: number;
}

/** What the servers of Consul know, and the index that each query goes by: not one for all, but of what it looks at. */
export class FakeCatalog {
  readonly services = new Map<string, Known>();
  /** That of the last write. */
  #index: number;
  /** Of the tables as a whole. */
  #services: number;
  #checks: number;
  /** When the last instance of any service left. */
  #extinction: number;
  readonly #ofService = new Map<string, number>();
  readonly #modified = new Map<string, number>();

  constructor(index: number) {
    this.#index = this.#services = this.#checks = this.#extinction = index;
  }

  /** From a snapshot of a time when nothing was registered. */
  restore(index: number): void {
    for (const known of [this.services, this.#ofService, this.#modified]) known.clear();
    this.#index = this.#services = this.#checks = this.#extinction = index;
  }

  put(id: string, known: Known): void {
    const isNew = !this.services.has(id);
    this.services.set(id, known);
    this.#services = this.#write(known.definition.Name);
    // A check that is as it was is not written again.
    if (isNew) this.#checks = this.#index;
    this.#modified.set(id, this.#index);
  }

  delete(id: string): boolean {
    const known = this.services.get(id);
    if (known === undefined) return false;
    this.services.delete(id);
    this.#services = this.#write(known.definition.Name);
    this.#checks = this.#index;
    if (!this.#has(known.definition.Name)) {
      this.#ofService.delete(String(known.definition.Name));
      this.#extinction = this.#index;
    }
    return true;
  }

  /** Whether it is another one than before. */
  setStatus(id: string, status: Known['status']): boolean {
    const known = this.services.get(id);
    if (known === undefined || known.status === status) return false;
    known.status = status;
    this.#checks = this.#write(known.definition.Name);
    return true;
  }

  indexOf(at: string, name: string): number {
    if (at === 'catalog/services') return this.#services;
    return at === 'health/state' ? this.#checks : (this.#ofService.get(name) ?? this.#extinction);
  }

  answer(at: string, name: string): unknown {
    const all = [...this.services.values()];
    if (at === 'catalog/services')
      return Object.fromEntries([['consul', []], ...all.map(({ definition }) => [definition.Name, definition.Tags])]);
    if (at === 'health/state')
      return all.map(({ definition, status }) => ({
        Node: 'here',
        CheckID: `service:${definition.ID}`,
        ServiceID: definition.ID,
        ServiceName: definition.Name,
        Status: status,
      }));
    return [...this.services]
      .filter(([, { definition }]) => definition.Name === name)
      .map(
        ([
          id,
          {
            definition: { Name, Check, ...service },
            status,
          },
        ]) => ({
          Node: { Node: 'here', Address: '127.0.0.1' },
          Service: {
            Weights: { Passing: 1, Warning: 1 },
            ...service,
            Service: Name,
            ModifyIndex: this.#modified.get(id),
          },
          Checks: [
            { CheckID: 'serfHealth', Status: 'passing' },
            { CheckID: `service:${id}`, Status: status },
          ],
        }),
      );
  }

  #has(name: unknown): boolean {
    return [...this.services.values()].some(({ definition }) => definition.Name === name);
  }

  #write(name: unknown): number {
    this.#index++;
    this.#ofService.set(String(name), this.#index);
    return this.#index;
  }
}
