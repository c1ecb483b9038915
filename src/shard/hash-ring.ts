import { murmur3 } from './murmur3.ts';

export interface RingMember<T> {
  /** What its place follows from. Of several with the same id the first one counts. */
  readonly id: string;
  /** Its part of the keys relative to the others', above 0. */
  readonly weight: number;
  /** What is found: may be another one for the same id. */
  readonly value: T;
}

interface Slot<T> {
  readonly points: number;
  readonly index: number;
  value: T;
}

/** A member has so many times the usual points at most, and a ring so many members. */
const maxPointsFactor = 16;
const slotFactor = 2 ** 20;
const golden = 0x9e3779b9;

/**
 * Consistent hashing after Karger et al. (1997): members and keys are points of one circle, and a key belongs to the first
 * member's point at or after its own. Who joins takes keys from all others and from each only what is now its own; who
 * leaves leaves its keys to the others, and no other key moves. Each member has `points` places, more with more weight, so
 * that parts differ little: by about 1 ÷ √points.
 *
 * Weights count relative to a power of two near their mean, so that one member's weight seldom moves another's points.
 * An update takes time in proportion to all points; finding an owner takes their logarithm.
 */
export class HashRing<T> {
  readonly #points: number;
  /** Ascending: hash × 2^20 + slot. */
  #ring = new Float64Array(0);
  #slots = new Map<string, Slot<T>>();
  readonly #values: T[] = [];
  readonly #free: number[] = [];

  /** `points`: of a member of the usual weight, 1 to 10,000. */
  constructor({ points = 100 }: { readonly points?: number } = {}) {
    if (!Number.isInteger(points) || points < 1 || points > 10_000)
      throw new RangeError(`HashRing: points is ${points}; give a whole number from 1 to 10000`);
    this.#points = points;
  }

  /** Points on the circle: 0 without members. */
  get size(): number {
    return this.#ring.length;
  }

  /** These are the members from now on. */
  update(members: readonly RingMember<T>[]): void {
    const unit = unitOf(members);
    const before = this.#slots;
    const slots = new Map<string, Slot<T>>();
    const added: number[] = [];
    for (const { id, weight, value } of members) {
      if (slots.has(id)) continue;
      const points = Math.max(1, Math.min(Math.round((this.#points * weight) / unit), this.#points * maxPointsFactor));
      const known = before.get(id);
      if (known?.points === points) {
        before.delete(id);
        known.value = value;
        this.#values[known.index] = value;
        slots.set(id, known);
        continue;
      }
      const index = this.#free.pop() ?? this.#values.length;
      if (index >= slotFactor) throw new RangeError(`HashRing: more than ${slotFactor} members`);
      this.#values[index] = value;
      slots.set(id, { points, index, value });
      for (let point = 0; point < points; point++)
        added.push(murmur3(id, Math.imul(point, golden)) * slotFactor + index);
    }
    this.#slots = slots;
    const gone = new Set(Array.from(before.values(), ({ index }) => index));
    if (added.length > 0 || gone.size > 0) this.#ring = merged(this.#ring, gone, Float64Array.from(added).sort());
    this.#free.push(...gone);
  }

  /** Undefined without members. */
  ownerOf(key: string): T | undefined {
    return this.size === 0 ? undefined : this.at(this.find(key));
  }

  /** The place of the key's owner on the circle, for {@link at}: the owner, and after it those who stand in for it. */
  find(key: string): number {
    const wanted = murmur3(key) * slotFactor;
    const ring = this.#ring;
    let low = 0;
    let high = ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ring[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low === ring.length ? 0 : low;
  }

  /** Who has this place, from 0 to `size - 1`. A member has many. */
  at(place: number): T {
    return this.#values[this.#ring[place]! % slotFactor]!;
  }
}

/** The power of two next to the mean weight. */
function unitOf(members: readonly { readonly weight: number }[]): number {
  let total = 0;
  for (const { weight } of members) total += weight;
  return members.length === 0 ? 1 : 2 ** Math.round(Math.log2(total / members.length));
}

function merged(ring: Float64Array, gone: ReadonlySet<number>, added: Float64Array): Float64Array<ArrayBuffer> {
  const result = new Float64Array(ring.length + added.length);
  let size = 0;
  let next = 0;
  for (const point of ring) {
    if (gone.size > 0 && gone.has(point % slotFactor)) continue;
    while (next < added.length && added[next]! < point) result[size++] = added[next++]!;
    result[size++] = point;
  }
  while (next < added.length) result[size++] = added[next++]!;
  return result.slice(0, size);
}
