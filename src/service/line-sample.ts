/** Lines of one kind in a second that are all written, and beyond which one of so many is. */
const initial = 100;
const thereafter = 100;
const windowMs = 1_000;

/**
 * Which lines of one kind are written: all of the first hundred in a second, then every hundredth. Ten thousand lines a second that
 * say the same tell nobody more, and cost more than the calls that they are about. (zap has the same default.)
 */
export class LineSample {
  #windowEnd = Number.NEGATIVE_INFINITY;
  #count = 0;
  #skipped = 0;

  takes(now: number): boolean {
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + windowMs;
      this.#count = 0;
    }
    const count = this.#count++;
    if (count < initial || (count - initial) % thereafter === thereafter - 1) return true;
    this.#skipped++;
    return false;
  }

  /** How many were left out since the last time. */
  takeSkipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }
}
