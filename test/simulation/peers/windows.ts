/** Sums and counts in a ring of buckets, as the comparison policies keep them. */
export class Buckets {
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;
  readonly #bucketMs: number;
  #newest = 0;

  constructor(windowMs: number, buckets: number) {
    this.#bucketMs = windowMs / buckets;
    this.#counts = new Float64Array(buckets);
    this.#sums = new Float64Array(buckets);
  }

  add(now: number, value: number): void {
    const at = this.#turn(now) % this.#counts.length;
    this.#counts[at]!++;
    this.#sums[at]! += value;
  }

  /** The highest count of a bucket that is full, 1 at least. */
  maxCount(now: number): number {
    const current = this.#turn(now) % this.#counts.length;
    return this.#counts.reduce((max, count, at) => (at === current ? max : Math.max(max, count)), 1);
  }

  /** The lowest mean of a bucket that is full, `none` if there is none. */
  minMean(now: number, none: number): number {
    const current = this.#turn(now) % this.#counts.length;
    let min = Number.POSITIVE_INFINITY;
    for (const [at, count] of this.#counts.entries()) {
      if (at !== current && count > 0) min = Math.min(min, this.#sums[at]! / count);
    }
    return min === Number.POSITIVE_INFINITY ? none : min;
  }

  #turn(now: number): number {
    const number = Math.floor(now / this.#bucketMs);
    const size = this.#counts.length;
    for (let old = Math.max(this.#newest + 1, number - size + 1); old <= number; old++) {
      this.#counts[old % size] = 0;
      this.#sums[old % size] = 0;
    }
    this.#newest = number;
    return number;
  }
}

/** What a Go stack knows of the load: the busy share of the CPU, sampled, and smoothed by 0.95. From 0 to 1000. */
export class SmoothedCpu {
  value = 0;

  constructor(
    clock: { now(): number; after(ms: number, fn: () => void): unknown },
    sampleMs: number,
    activeMs: () => number,
  ) {
    let before = activeMs();
    let beforeAt = clock.now();
    const sample = () => {
      const active = activeMs();
      const now = clock.now();
      if (now > beforeAt) this.value = this.value * 0.95 + ((active - before) / (now - beforeAt)) * 1000 * 0.05;
      before = active;
      beforeAt = now;
      clock.after(sampleMs, sample);
    };
    clock.after(sampleMs, sample);
  }
}
