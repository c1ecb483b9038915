import type { CallHead } from '../../call/index.ts';
import type { OutlierOptions } from '../../guard/index.ts';
import { rendezvousRank } from '../../shard/index.ts';
import type { Balancer, BalancerHooks, MakeBalancer, Pick } from '../balancer.ts';
import type { Instance, Snapshot } from '../registry.ts';
import { p2cBalancer } from './p2c.ts';

export interface SubsetOptions {
  /** How many instances this client calls, and is connected to, 1 to 10,000. Default: 20. */
  readonly size?: number;
  /** A list of up to so many instances is used whole, from `size` up. Default: twice the size. */
  readonly above?: number;
  /** What the choice follows from: each client needs one of its own, and keeps its subset as long as that. Default: by chance. */
  readonly clientId?: string;
  /** Where fewer of the subset are well, others are added for as long, 0 to `size`. Default: half the size. */
  readonly minWell?: number;
  /** Chooses within the subset. Default: `p2cBalancer`. */
  readonly inner?: MakeBalancer;
}

/**
 * Random subsetting (gRPC A68): of a large fleet a client calls a few instances only, chosen by rendezvous hashing, so that
 * a thousand clients do not have a million connections, and each learns quickly how its few are. When the list changes, the
 * subset changes by what left and joined. The instances of one subset have an equal part of the client's calls; how many
 * clients an instance has varies by chance: by about 1 ÷ √(clients × size ÷ instances). Throws a RangeError for an option
 * that is out of its range.
 */
export function subset(options: SubsetOptions = {}): MakeBalancer {
  const { size = 20 } = options;
  const { above = 2 * size, minWell = Math.ceil(size / 2) } = options;
  check('size', size, 1, 10_000);
  check('above', above, size, Number.POSITIVE_INFINITY);
  check('minWell', minWell, 0, size);
  return (hooks) => new Subset({ ...options, size, above, minWell }, hooks);
}

function check(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw new RangeError(`subset: ${name} is ${value}; give a number from ${min} to ${max}`);
}

class Subset implements Balancer {
  readonly #size: number;
  readonly #above: number;
  readonly #minWell: number;
  readonly #clientId: string;
  readonly #inner: Balancer;
  /** All that take calls, in the order in which this client takes them. */
  #ranked: readonly Instance[] = [];
  /** How many of them it calls. */
  #used = 0;
  #last: Snapshot = { service: '', revision: 0, instances: [] };

  constructor(options: SubsetOptions & { size: number; above: number; minWell: number }, hooks: BalancerHooks) {
    const { inner = p2cBalancer, clientId = String((hooks.random ?? Math.random)()) } = options;
    this.#size = options.size;
    this.#above = options.above;
    this.#minWell = options.minWell;
    this.#clientId = clientId;
    this.#inner = inner(hooks);
  }

  get ejected(): number {
    return this.#inner.ejected ?? 0;
  }

  get usable(): number {
    return this.#well + this.#ranked.length - this.#used;
  }

  get nodes(): readonly Instance[] {
    return this.#inner.nodes ?? this.#ranked.slice(0, this.#used);
  }

  update(snapshot: Snapshot): void {
    const members = snapshot.instances.filter(({ weight }) => weight > 0);
    this.#last = snapshot;
    this.#ranked = members.length <= this.#above ? members : rendezvousRank(this.#clientId, members);
    // Who was added for one that is ill stays for as long: it has calls, and would have to start anew.
    const ill = Math.max(0, this.#used - this.#well);
    const least = Math.min(Math.max(this.#size, this.#used), this.#size + ill);
    this.#use(members.length <= this.#above ? members.length : Math.min(least, members.length));
    this.#refill();
  }

  pick(head: CallHead, avoid?: readonly string[]): Pick {
    if (this.#used < this.#ranked.length) this.#refill();
    return this.#inner.pick(head, avoid);
  }

  applySettings(settings: Partial<OutlierOptions>): void {
    this.#inner.applySettings?.(settings);
  }

  get #well(): number {
    return this.#inner.usable ?? this.#used - this.ejected;
  }

  #refill(): void {
    const well = this.#well;
    if (well >= this.#minWell || this.#used >= this.#ranked.length) return;
    this.#use(Math.min(this.#ranked.length, this.#used + this.#size - well));
  }

  #use(count: number): void {
    this.#used = count;
    const { service, revision } = this.#last;
    this.#inner.update({ service, revision, instances: this.#ranked.slice(0, count) });
  }
}
