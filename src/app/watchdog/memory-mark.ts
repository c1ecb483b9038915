export interface MemoryMarkOptions {
  /** The mark, as a share of what there is, from 0 to 1. */
  readonly highShare: number;
  /** A window ends after so many samples; its lowest one counts. */
  readonly windowSamples: number;
  /** So many windows in a row above the mark. */
  readonly windows: number;
}

/**
 * Tells whether memory has grown above a mark and stays there. Use of a heap is a sawtooth: it grows until a collection
 * frees what is garbage, so only its lowest point says what is held. What was above the mark from the start has not grown:
 * it would be again after the next start. Pure: samples in, the answer out.
 */
export class MemoryMark {
  readonly #options: MemoryMarkOptions;
  #lowest = Number.POSITIVE_INFINITY;
  #samples = 0;
  #highWindows = 0;
  #hasBeenBelow = false;

  constructor(options: MemoryMarkOptions) {
    check(options);
    this.#options = options;
  }

  /** What is used of what there is, from 0 to 1. True when it was below the mark once and has now been above for all windows. */
  sample(usedShare: number): boolean {
    const { highShare, windowSamples, windows } = this.#options;
    this.#lowest = Math.min(this.#lowest, usedShare);
    this.#hasBeenBelow ||= usedShare <= highShare;
    if (++this.#samples < windowSamples) return false;
    this.#highWindows = this.#lowest > highShare ? this.#highWindows + 1 : 0;
    this.#lowest = Number.POSITIVE_INFINITY;
    this.#samples = 0;
    return this.#hasBeenBelow && this.#highWindows >= windows;
  }
}

function check({ highShare, windowSamples, windows }: MemoryMarkOptions): void {
  if (!(highShare > 0 && highShare < 1)) {
    throw new RangeError(`memory: highShare is ${highShare}; it must be a number between 0 and 1`);
  }
  for (const [name, value] of Object.entries({ windowSamples, windows })) {
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`memory: ${name} is ${value}; it must be a whole number of at least 1`);
  }
}
