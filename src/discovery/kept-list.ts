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
  /** Whether it was one of too many: then it stays for the grace. Before that is known it is waited for a moment. */
  readonly isKept: boolean;
}

/**
 * One service's list as a client keeps it, with protection from a store that lost what it knew: pure, time is given to it.
 * Instances that are missing from a new list without having said good-bye are let go after a moment, if they are few then (at
 * most 15 % within the grace, but one always may) and others stay. Otherwise they are kept for the grace, in which those that
 * live register again, and are believed gone after it. A list with a dead node in it does less harm than an empty one.
 */
export class KeptList {
  readonly #graceMs: number;
  /** A store that loses many tells of one after the other: so long it is waited for more. */
  readonly #momentMs: number;
  #current: readonly Instance[] = [];
  #listed: readonly Instance[] = [];
  readonly #lost = new Map<string, Lost>();
  /** When others were let go, within the grace. */
  #letGoAt: number[] = [];

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
    this.#momentMs = Math.min(1_000, graceMs / 10);
  }

  /** What is in use now. The same array as before if nothing has changed. */
  get current(): readonly Instance[] {
    return this.#current;
  }

  /** When to call `settle`, on the scale of `now`; undefined: not before the next list. */
  get settlesAt(): number | undefined {
    let first: number | undefined;
    for (const lost of this.#lost.values()) first = Math.min(first ?? Number.POSITIVE_INFINITY, this.#endOf(lost));
    return first;
  }

  take({ instances, left }: Listing, doubt: Doubt, now: number): void {
    const listed = new Set(instances.map(({ id }) => id));
    for (const id of listed) this.#lost.delete(id);
    if (doubt !== 'none') {
      for (const instance of this.#listed) {
        if (!listed.has(instance.id)) this.#lost.set(instance.id, { instance, at: now, isKept: doubt === 'great' });
      }
    } else this.#lost.clear();
    for (const id of left ?? []) this.#lost.delete(id);
    this.#listed = instances;
    this.settle(now);
  }

  /** Lets go of those whose time is over. */
  settle(now: number): void {
    const due = [...this.#lost.values()].filter((lost) => now >= this.#endOf(lost));
    if (due.some(({ isKept }) => !isKept)) this.#decide(now);
    for (const { isKept, instance } of due) if (isKept) this.#lost.delete(instance.id);
    const kept = [...this.#lost.values()].map(({ instance }) => instance);
    // Sorted as those that lists bring are: one that comes back makes no new list.
    const next = kept.length === 0 ? this.#listed : [...this.#listed, ...kept].sort((a, b) => (a.id < b.id ? -1 : 1));
    if (!isSameList(next, this.#current)) this.#current = next;
  }

  #endOf({ at, isKept }: Lost): number {
    return at + (isKept ? this.#graceMs : this.#momentMs);
  }

  /** All that are missing now are let go, or all are kept. */
  #decide(now: number): void {
    this.#letGoAt = this.#letGoAt.filter((at) => at > now - this.#graceMs);
    const known = this.#listed.length + this.#lost.size + this.#letGoAt.length;
    const allowed = Math.max(1, Math.floor(known * maxLostShare)) - this.#letGoAt.length;
    const isFew = this.#listed.length > 0 && this.#lost.size <= allowed;
    for (const [id, lost] of this.#lost) {
      if (lost.isKept) continue;
      if (isFew) this.#lost.delete(id);
      else this.#lost.set(id, { ...lost, isKept: true });
      if (isFew) this.#letGoAt.push(now);
    }
  }
}

/** Instances are frozen and mostly the same objects. */
function isSameList(a: readonly Instance[], b: readonly Instance[]): boolean {
  return (
    a.length === b.length && a.every((instance, index) => instance === b[index] || isSameInstance(instance, b[index]))
  );
}
