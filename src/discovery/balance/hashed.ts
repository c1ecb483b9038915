import type { CallHead, Outcome } from '../../call/index.ts';
import type { OutlierNode } from '../../guard/index.ts';
import { HashRing } from '../../shard/index.ts';
import type { MakeBalancer } from '../balancer.ts';
import type { Instance } from '../registry.ts';
import type { PoolHealth } from './balanced-node.ts';
import type { Choice, Gate } from './choice.ts';
import { type GuardedBalancerOptions, guardedBalancer } from './guarded-balancer.ts';
import { P2cChoice } from './p2c.ts';
import { P2cNode, type Typical } from './p2c-node.ts';

/**
 * What calls are told apart by: `route`, what `withRouteKey` says; the tenant or the principal of the call; a member of its
 * baggage; or what a function makes of its head. Undefined or '': the call has no key.
 */
export type HashKey =
  | 'route'
  | 'tenant'
  | 'principal'
  | { readonly baggage: string }
  | ((head: CallHead) => string | undefined);

export interface HashedOptions extends GuardedBalancerOptions {
  /** Default: `route`. */
  readonly key?: HashKey;
  /**
   * No instance gets more than this many times its part of the calls that this client has under way, or that part rounded up,
   * above 1 to 100; what is too much for it goes on to the next on the ring. Infinity: no bound, a hot key is one instance's.
   * Default: 1.25.
   */
  readonly loadFactor?: number;
  /** Places of an instance of the usual weight on the ring, 1 to 10,000: its part of the keys varies by 1 ÷ √points. Default: 100. */
  readonly points?: number;
}

/**
 * Calls with the same key go to the same instance, so that what it keeps in memory for the key is found again: consistent
 * hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2018). When an instance joins or leaves, only its part of
 * the keys moves. An instance that has more calls under way than `loadFactor` allows, or is not well, passes its calls on to
 * the next ones on the ring, always the same for a key. A call without a key goes where `p2cBalancer` would send it.
 *
 * An affinity, no promise: two clients that see different lists, or loads, may send a key to two instances at a time. Throws
 * a RangeError for an option that is out of its range.
 */
export function hashed(options: HashedOptions = {}): MakeBalancer {
  const { key = 'route', loadFactor = 1.25, points = 100, ...guarded } = options;
  if (!(loadFactor === Number.POSITIVE_INFINITY || (loadFactor > 1 && loadFactor <= 100)))
    throw new RangeError(`hashed: loadFactor is ${loadFactor}; give a number above 1 to 100, or Infinity`);
  const keyOf = keyReader(key);
  return (hooks) => {
    const typical: Typical = { latencyMs: 1 };
    return guardedBalancer(
      {
        name: 'hashed',
        makeNode: (instance, outlier, health, now) => new HashedNode(instance, outlier, health, typical, now),
        choice: new HashedChoice(keyOf, loadFactor, new HashRing({ points })),
      },
      { ...hooks, ...guarded },
    );
  };
}

function keyReader(key: HashKey): (head: CallHead) => string | undefined {
  if (typeof key === 'function') return key;
  if (typeof key === 'object') return ({ fields }) => fields.baggage.get(key.baggage);
  if (key === 'route') return ({ routeKey }) => routeKey;
  return ({ fields }) => fields[key];
}

/** Calls under way at the instances of one list. */
interface Load {
  inFlight: number;
}

class HashedNode extends P2cNode {
  /** Of the last list that it was in. */
  load: Load = { inFlight: 0 };
  /** In which walk it was last seen on the ring, where it has many places. */
  seenIn = 0;

  constructor(instance: Instance, outlier: OutlierNode, health: PoolHealth, typical: Typical, now: number) {
    super(instance, outlier, health, typical, now);
  }

  override begin(now: number): boolean {
    this.load.inFlight++;
    return super.begin(now);
  }

  override end(outcome: Outcome, now: number, isProbe: boolean): void {
    this.load.inFlight--;
    super.end(outcome, now, isProbe);
  }
}

class HashedChoice implements Choice<HashedNode> {
  readonly #keyOf: (head: CallHead) => string | undefined;
  readonly #loadFactor: number;
  readonly #ring: HashRing<HashedNode>;
  readonly #keyless = new P2cChoice<HashedNode>();
  #count = 0;
  #totalWeight = 0;
  #load: Load = { inFlight: 0 };
  #walks = 0;

  constructor(keyOf: (head: CallHead) => string | undefined, loadFactor: number, ring: HashRing<HashedNode>) {
    this.#keyOf = keyOf;
    this.#loadFactor = loadFactor;
    this.#ring = ring;
  }

  update(nodes: readonly HashedNode[]): void {
    this.#keyless.update(nodes);
    this.#ring.update(nodes.map((node) => ({ id: node.instance.id, weight: node.instance.weight, value: node })));
    this.#count = nodes.length;
    this.#totalWeight = 0;
    // A new count: calls that end later at nodes that left must not be taken off it.
    this.#load = { inFlight: 0 };
    for (const node of nodes) {
      this.#totalWeight += node.instance.weight;
      this.#load.inFlight += node.inFlight;
      node.load = this.#load;
    }
  }

  choose(head: CallHead, gate: Gate): HashedNode | undefined {
    const key = this.#keyOf(head);
    if (key === undefined || key === '') return this.#keyless.choose(head, gate);
    const ring = this.#ring;
    const { size } = ring;
    // What there is for a node of weight 1, of the calls under way and this one, by those that can take any.
    const part = (this.#load.inFlight + 1) / (this.#totalWeight * (gate.usable / this.#count));
    const walk = ++this.#walks;
    let spare: HashedNode | undefined;
    let seen = 0;
    for (let place = ring.find(key), steps = 0; steps < size && seen < this.#count; steps++) {
      const node = ring.at(place);
      place = place + 1 === size ? 0 : place + 1;
      if (node.seenIn === walk) continue;
      node.seenIn = walk;
      seen++;
      if (!gate.passes(node)) continue;
      if (node.inFlight < this.#mostOf(part * node.instance.weight)) return node;
      if (spare === undefined || node.inFlight * spare.instance.weight < spare.inFlight * node.instance.weight)
        spare = node;
    }
    return spare;
  }

  /** In whole calls; never less than its part rounded up, so that there is room for all of them. */
  #mostOf(part: number): number {
    return Math.max(Math.ceil(part), Math.round(part * this.#loadFactor));
  }
}
