/** Each power of two is split into so many equal buckets, so a value is known to better than 1 %. */
const perOctave = 128;
const octaveBits = Math.log2(perOctave);

/** What a histogram knows of its values, in the unit that they were recorded in. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * Counts whole numbers from 0 up in buckets that grow with the value (linear below {@link perOctave}, then logarithmic),
 * as HdrHistogram does: a few kilobytes hold any number of values, each to better than 1 %. The largest is kept exactly.
 */
export class Histogram {
  readonly #counts: number[] = [];
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  /** Takes a value; what is below 0 or no number counts as 0. */
  record(value: number): void {
    const whole = value > 0 ? Math.round(value) : 0;
    const index = bucketOf(whole);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count++;
    if (whole > this.#max) this.#max = whole;
  }

  /** The smallest known value that at least this share (0 to 1) of the values does not exceed; 0 without values. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    // A sparse array: holes are skipped by forEach but not by a loop over the length, which is bounded by the octaves.
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] ?? 0;
      if (seen >= wanted) return Math.min(highestOf(index), this.#max);
    }
    return 0;
  }

  percentiles(): Percentiles {
    const at = (share: number) => this.quantile(share);
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: this.#max };
  }

  /** Adds the other's values to its own. */
  add(other: Histogram): void {
    for (const [index, count] of other.#counts.entries()) {
      if (count !== undefined) this.#counts[index] = (this.#counts[index] ?? 0) + count;
    }
    this.#count += other.#count;
    this.#max = Math.max(this.#max, other.#max);
  }
}

function bucketOf(value: number): number {
  if (value < perOctave) return value;
  const octave = Math.floor(Math.log2(value)) - octaveBits;
  return (octave + 1) * perOctave + Math.floor(value / 2 ** octave) - perOctave;
}

/** The largest value that falls into the bucket. */
function highestOf(index: number): number {
  if (index < perOctave) return index;
  const octave = Math.floor(index / perOctave) - 1;
  return ((index % perOctave) + perOctave + 1) * 2 ** octave - 1;
}
