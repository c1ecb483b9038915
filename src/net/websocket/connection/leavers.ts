import type { Context } from '../../../concurrency/index.ts';

/** A connection that can be told that its server leaves. */
export interface Leaver {
  leave(): void;
}

/**
 * The connections of a server that drains when `drain` ends. One entry in that Context for all of them: an entry each would be a
 * quarter of a kilobyte per connection.
 */
export class Leavers {
  readonly #all = new Set<Leaver>();
  readonly #drain: Context;

  constructor(drain: Context) {
    this.#drain = drain;
    drain.onDone(() => {
      for (const one of [...this.#all]) one.leave();
    });
  }

  add(one: Leaver): void {
    this.#all.add(one);
    if (this.#drain.err() !== undefined) one.leave();
  }

  delete(one: Leaver): void {
    this.#all.delete(one);
  }
}

const known = new WeakMap<Context, Leavers>();

/** Those who leave when this Context ends. */
export function leaversOf(drain: Context): Leavers {
  let leavers = known.get(drain);
  if (leavers === undefined) {
    leavers = new Leavers(drain);
    known.set(drain, leavers);
  }
  return leavers;
}
