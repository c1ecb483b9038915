import { type HashSeed, KeyHash } from './key-hash.ts';

/** Slots of one bucket: two cache lines. */
const ways = 8;
/** Slots for each key that is promised a place: then one in some ten thousand finds both of its buckets taken. */
const spare = 1.3;
const two32 = 2 ** 32;

/**
 * One time for each of many keys, in a fixed piece of memory: 16 bytes a slot (the key's 64-bit hash and a double),
 * 1.3 slots a key. A time that is not ahead of now means the same as none, so such a slot is free. A key lives in one of
 * two buckets of eight slots; a new one goes into the emptier of both, and where both are taken, in place of the one of the
 * sixteen whose time is the earliest. So nothing is ever moved or rehashed, and a look-up touches 256 bytes at most.
 *
 * Keys are known by their hash alone: a million texts on the heap would cost ten times the memory and a pause of the
 * collector for each of its rounds. What speaks for that is in {@link KeyHash}. Written for speed: `npm run bench -- guard`;
 * the plain version that it is checked against is `plain-keys.oracle.ts`.
 */
export class KeyTable {
  /** Keys whose time was ahead, that had to make room. */
  evicted = 0;
  readonly #seed: HashSeed;
  readonly #hash: KeyHash;
  readonly #buckets: number;
  readonly #times: Float64Array;
  readonly #hashes: Uint32Array;

  constructor(maxKeys: number, seed: HashSeed) {
    this.#seed = seed;
    this.#hash = new KeyHash(seed);
    this.#buckets = Math.ceil((maxKeys * spare) / ways);
    const memory = new ArrayBuffer(this.#buckets * ways * 16);
    this.#times = new Float64Array(memory);
    this.#hashes = new Uint32Array(memory);
  }

  get bytes(): number {
    return this.#times.byteLength;
  }

  /** The slot of a key: its own, or one that is its own from now on, with a time that is not ahead of `now`. */
  slotOf(key: string, now: number): number {
    this.#hash.run(key);
    return this.#find(this.#hash.low, this.#hash.high, now);
  }

  timeAt(slot: number): number {
    return this.#times[2 * slot + 1]!;
  }

  setTime(slot: number, time: number): void {
    this.#times[2 * slot + 1] = time;
  }

  /** A table of another size that knows the same keys, or as many of them as it can. */
  resized(maxKeys: number, now: number): KeyTable {
    const table = new KeyTable(maxKeys, this.#seed);
    table.evicted = this.evicted;
    for (let slot = 0; slot < this.#buckets * ways; slot++) {
      const time = this.timeAt(slot);
      if (time > now) table.setTime(table.#find(this.#hashes[4 * slot]!, this.#hashes[4 * slot + 1]!, now), time);
    }
    return table;
  }

  /** Gives each time that is ahead of `now` another value. */
  mapTimes(now: number, change: (time: number) => number): void {
    for (let slot = 0; slot < this.#buckets * ways; slot++) {
      const time = this.timeAt(slot);
      if (time > now) this.setTime(slot, change(time));
    }
  }

  /** How many keys have a time ahead of `now`: counted in the first 4,096 slots, since the hash spreads them evenly. */
  countAhead(now: number): number {
    const slots = this.#buckets * ways;
    const looked = Math.min(slots, 4_096);
    let ahead = 0;
    for (let slot = 0; slot < looked; slot++) if (this.timeAt(slot) > now) ahead++;
    return Math.round((ahead * slots) / looked);
  }

  #find(low: number, high: number, now: number): number {
    const first = Math.floor((low * this.#buckets) / two32) * ways;
    const second = Math.floor((high * this.#buckets) / two32) * ways;
    const hashes = this.#hashes;
    // Most are known: nothing else is read until both buckets were looked through.
    for (let slot = first; slot < first + ways; slot++)
      if (hashes[4 * slot] === low && hashes[4 * slot + 1] === high) return slot;
    for (let slot = second; slot < second + ways; slot++)
      if (hashes[4 * slot] === low && hashes[4 * slot + 1] === high) return slot;
    const slot = this.#placeIn(first, second, now);
    if (this.timeAt(slot) > now) this.evicted++;
    hashes[4 * slot] = low;
    hashes[4 * slot + 1] = high;
    this.setTime(slot, now);
    return slot;
  }

  /** The earliest slot of the bucket with more free ones; where both have as many, of both. */
  #placeIn(first: number, second: number, now: number): number {
    const inFirst = this.#earliestOf(first);
    const inSecond = this.#earliestOf(second);
    const more = this.#freeOf(first, now) - this.#freeOf(second, now);
    const isFirst = more === 0 ? this.timeAt(inFirst) <= this.timeAt(inSecond) : more > 0;
    return isFirst ? inFirst : inSecond;
  }

  #earliestOf(bucket: number): number {
    let earliest = bucket;
    for (let slot = bucket + 1; slot < bucket + ways; slot++)
      if (this.timeAt(slot) < this.timeAt(earliest)) earliest = slot;
    return earliest;
  }

  #freeOf(bucket: number, now: number): number {
    let free = 0;
    for (let slot = bucket; slot < bucket + ways; slot++) if (this.timeAt(slot) <= now) free++;
    return free;
  }
}
