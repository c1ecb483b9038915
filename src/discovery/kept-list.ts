import { isSameInstance } from './instance.ts';
import type { Instance } from './registry.ts';
import type { Listing } from './registry-backend.ts';

/** Of one service at most this share is let go at once (but at least one is). */
const maxLostShare = 0.15;

/**
 * How far to doubt that what is missing from a list is gone: `none`, the source is sure; `usual`, of many at once; `great`, of
 * any, since the store was away and may have lost what it knew.
 */
export type Doubt = 'none' | 'usual' | 'great';

interface Lost {
  readonly instance: Instance;
  readonly at: number;
}

/**
 * One service's list as a client keeps it, with protection from a store that lost what it knew: pure, time is given to it.
 * Instances that are missing from a new list without having said good-bye go at once only if they are few (at most 15 %
 * within the grace, but one always may) and others stay. Otherwise they are kept for the grace, in which those that live
 * register again, and are believed gone after it. A list with a dead node in it does less harm than an empty one.
 */
export class KeptList {
  readonly #graceMs: number;
  #current: readonly Instance[] = [];
  #listed: readonly Instance[] = [];
  /** Missing, and kept. */
  readonly #lost = new Map<string, Lost>();
  /** When others were let go, within the grace. */
  #letGoAt: number[] = [];

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** What is in use now. The same array as before if nothing has changed. */
  get current(): readonly Instance[] {
    return this.#current;
  }

  /** When to call `settle`, on the scale of `now`; undefined: not before the next list. */
  get settlesAt(): number | undefined {
    let first: number | undefined;
    for (const { at } of this.#lost.values()) first = Math.min(first ?? at, at);
    return first === undefined ? undefined : first + this.#graceMs;
  }

  take({ instances, left }: Listing, doubt: Doubt, now: number): void {
    const listed = new Set(instances.map(({ id }) => id));
    for (const id of listed) this.#lost.delete(id);
    const missing = this.#listed.filter(({ id }) => !listed.has(id) && left?.has(id) !== true);
    for (const id of left ?? []) this.#lost.delete(id);
    if (doubt === 'none') this.#lost.clear();
    else this.#lose(missing, doubt === 'great' ? 0 : instances.length, now);
    this.#listed = instances;
    this.settle(now);
  }

  /** Lets go of those whose grace is over. */
  settle(now: number): void {
    for (const [id, { at }] of this.#lost) if (now - at >= this.#graceMs) this.#lost.delete(id);
    const kept = [...this.#lost.values()].map(({ instance }) => instance);
    // Sorted as those that lists bring are: one that comes back makes no new list.
    const next = kept.length === 0 ? this.#listed : [...this.#listed, ...kept].sort((a, b) => (a.id < b.id ? -1 : 1));
    if (!isSameList(next, this.#current)) this.#current = next;
  }

  /** Where nobody stays, or nobody is known to, all are kept. */
  #lose(missing: readonly Instance[], staying: number, now: number): void {
    if (missing.length === 0) return;
    this.#letGoAt = this.#letGoAt.filter((at) => at > now - this.#graceMs);
    const known = staying + missing.length + this.#lost.size + this.#letGoAt.length;
    const allowed = Math.max(1, Math.floor(known * maxLostShare)) - this.#letGoAt.length;
    if (staying > 0 && missing.length <= allowed) this.#letGoAt.push(...missing.map(() => now));
    else for (const instance of missing) this.#lost.set(instance.id, { instance, at: now });
  }
}

/** Instances are frozen and mostly the same objects. */
function isSameList(a: readonly Instance[], b: readonly Instance[]): boolean {
  return (
    a.length === b.length && a.every((instance, index) => instance === b[index] || isSameInstance(instance, b[index]))
  );
}
