import type { Context } from '../context/context.ts';
import { LinkedList } from '../parking/linked-list.ts';
import { type ParkingPlace, park, type Waiter } from '../parking/park.ts';
import { refuseDone } from '../parking/ready.ts';
import type { Awaitable } from '../parking/waiting.ts';
import { Hold, type Holdable } from './hold.ts';
import type { Lock } from './locker.ts';
import { type NameOptions, nameOf, titled } from './name.ts';

/**
 * A Mutex for each key, as many as there are keys in use: an account, a file. Keys are compared as those of a Map. A key
 * leaves nothing behind when nobody holds it or waits for it.
 *
 *     using lock = await accounts.lock(ctx, id);
 */
export class KeyedMutex<K> {
  readonly #gates: Gates<K>;

  constructor({ name }: NameOptions = {}) {
    this.#gates = new Gates(name);
  }

  /** How many keys somebody holds. */
  get size(): number {
    return this.#gates.held.size;
  }

  /** Waits its turn among those who want the same key, first come, first served. */
  lock(ctx: Context, key: K): Awaitable<Lock> {
    refuseDone(ctx);
    return this.#gates.take(ctx, key, undefined);
  }

  /** Undefined if somebody holds the key. */
  tryLock(key: K): Lock | undefined {
    return this.#gates.held.has(key) ? undefined : this.#gates.open(key, undefined);
  }
}

class Gates<K> {
  /** The keys that are held. */
  readonly held = new Map<K, KeyGate<K>>();
  readonly name: string | undefined;

  constructor(name: string | undefined) {
    this.name = name;
  }

  /** For a new hold, or one of an earlier gate of the same key that is locked again. */
  take(ctx: Context, key: K, hold: Hold | undefined): Awaitable<Lock> {
    const gate = this.held.get(key);
    return gate === undefined ? this.open(key, hold) : gate.wait(ctx, hold);
  }

  open(key: K, hold: Hold | undefined): Lock {
    const gate = new KeyGate(this, key);
    this.held.set(key, gate);
    return gate.adopt(hold).granted();
  }
}

/** One key while it is held. */
class KeyGate<K> implements Holdable, ParkingPlace {
  readonly #gates: Gates<K>;
  readonly #key: K;
  readonly #waiting = new LinkedList<Waiter<Lock, Hold>>();

  constructor(gates: Gates<K>, key: K) {
    this.#gates = gates;
    this.#key = key;
  }

  adopt(hold: Hold | undefined): Hold {
    if (hold === undefined) return new Hold(this);
    hold.of = this;
    return hold;
  }

  wait(ctx: Context, hold: Hold | undefined): Promise<Lock> {
    return park(ctx, this.#waiting, this, 'lock', this.adopt(hold));
  }

  take(ctx: Context, hold: Hold): Awaitable<Lock> {
    refuseDone(ctx);
    return this.#gates.take(ctx, this.#key, hold);
  }

  release(): void {
    const next = this.#waiting.head;
    if (next === undefined) this.#gates.held.delete(this.#key);
    else next.deliver(next.payload.granted());
  }

  describe(operation: string): string {
    return `${operation} on ${nameOf(this.#key)} of ${titled('keyed mutex', this.#gates.name)}`;
  }
}
