import { checkRange } from '../check-option.ts';

/**
 * Learns a quantile of latencies from a stream of them in less than a kilobyte: counts in buckets that grow by 8 % each, halved
 * after every `memory` values, so that it follows a change within a few thousand calls. What it answers is the upper edge of a
 * bucket: at most 8 % too much, never too little.
 */
export class LatencyQuantile {
  readonly #counts = new Float32Array(buckets);
  readonly #quantile: number;
  readonly #memory: number;
  #total = 0;
  #sinceHalved = 0;
  /** Of the last look; undefined: look again. */
  #known: number | undefined;
  #sinceLook = 0;

  /** @param quantile 0.5 to 0.999. @param memory values until older ones count half. */
  constructor(quantile: number, memory = 1_000) {
    checkRange('LatencyQuantile', 'quantile', quantile, 0.5, 0.999);
    checkRange('LatencyQuantile', 'memory', memory, 10, 1_000_000);
    this.#quantile = quantile;
    this.#memory = memory;
  }

  /** Values that still count. */
  get count(): number {
    return this.#total;
  }

  record(ms: number): void {
    const place = ms <= firstMs ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms / firstMs) * perLog));
    this.#counts[place]!++;
    this.#total++;
    if (++this.#sinceHalved >= this.#memory) this.#halve();
    // A look walks over all buckets: not for each call.
    if (++this.#sinceLook >= 16) this.#known = undefined;
  }

  /** In milliseconds; undefined before the first value. */
  value(): number | undefined {
    if (this.#total === 0) return undefined;
    this.#known ??= this.#look();
    return this.#known;
  }

  #look(): number {
    this.#sinceLook = 0;
    let above = this.#total * (1 - this.#quantile);
    for (let place = buckets - 1; place > 0; place--) {
      above -= this.#counts[place]!;
      if (above < 0) return firstMs * growth ** place;
    }
    return firstMs;
  }

  #halve(): void {
    this.#sinceHalved = 0;
    this.#total = 0;
    for (let place = 0; place < buckets; place++) {
      this.#counts[place]! /= 2;
      this.#total += this.#counts[place]!;
    }
  }
}

/** 0.05 ms to 11 minutes. */
const buckets = 214;
const firstMs = 0.05;
const growth = 1.08;
const perLog = 1 / Math.log(growth);
