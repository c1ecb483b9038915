import { priorities } from '../../call/index.ts';

/** Users are spread over so many cohorts within a priority. */
export const cohorts = 128;
/** A level is `priority rank * cohorts + cohort`: 0 is admitted last of all to be refused. */
export const levels = priorities.length * cohorts;

/** Arrivals that make a window speak for itself; with fewer, the windows before it count as well. */
const enoughArrivals = 200;
/** How fast the share of the measured capacity that is let in falls while there is a queue, and rises while there is none. */
const fall = 0.97;
const rise = 1.03;
/** Rises may add up where chance leaves gaps between calls that each take as long as many turns. */
const minCorrection = 0.5;
const maxCorrection = 8;
/** Windows without a queue, all levels open, until it is over. */
const calmWindows = 5;

/**
 * Lets in the levels that fit into the capacity, the most important first (DAGOR's idea). The capacity is not known: it is
 * what was taken in a window in which there was always something to do. Sums of arrivals by level then say where to cut,
 * at once instead of step by step, and a small correction keeps the queue from standing.
 *
 * Pure and without a clock: whoever has one says when a window ends.
 */
export class AdmissionLevel {
  readonly #random: () => number;
  readonly #arrived = new Uint32Array(levels);
  /** Of this window and, fading, of those before. */
  readonly #recent = new Float64Array(levels);
  #recentMs = 0;
  #taken = 0;
  #isCutting = false;
  /** Levels below are admitted, those above are not, of this one a share. */
  #cut = levels;
  #share = 1;
  #perMs = 0;
  #correction = 1;
  #calm = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether there is more to do than can be done, or has just been. */
  get isCutting(): boolean {
    return this.#isCutting;
  }

  /** The share of the levels that is admitted. */
  get share(): number {
    return Math.min(1, (this.#cut + this.#share) / levels);
  }

  /** Calls per second that were found to be possible; 0 before the first queue. */
  get capacity(): number {
    return this.#perMs * 1000;
  }

  /** Counts an arrival and decides on it. */
  admits(level: number): boolean {
    this.#arrived[level] = (this.#arrived[level] ?? 0) + 1;
    if (level !== this.#cut) return level < this.#cut;
    return this.#random() < this.#share;
  }

  /** A call was taken on: by its level, and by all that was asked after it. */
  took(): void {
    this.#taken++;
  }

  /** Ends a window. `isSaturated`: there was a queue all the time, or calls were refused for want of room. */
  endWindow(isSaturated: boolean, lengthMs: number): void {
    const taken = this.#taken;
    this.#taken = 0;
    if (lengthMs <= 0) return;
    if (!this.#isCutting && !isSaturated) return;
    this.#remember(lengthMs);
    this.#measure(isSaturated, taken / lengthMs);
    this.#place();
    this.#calm = isSaturated || this.#cut < levels ? 0 : this.#calm + 1;
    if (this.#calm >= calmWindows) this.#reset();
  }

  #remember(lengthMs: number): void {
    let arrived = 0;
    for (let level = 0; level < levels; level++) arrived += this.#arrived[level]!;
    const kept = Math.max(0, 1 - arrived / enoughArrivals) * 0.9;
    for (let level = 0; level < levels; level++)
      this.#recent[level] = this.#recent[level]! * kept + this.#arrived[level]!;
    this.#recentMs = this.#recentMs * kept + lengthMs;
    this.#arrived.fill(0);
  }

  #measure(isSaturated: boolean, perMs: number): void {
    if (!this.#isCutting) {
      this.#isCutting = true;
      this.#perMs = perMs;
      this.#correction = 1;
      return;
    }
    if (isSaturated) {
      this.#perMs += (perMs - this.#perMs) * 0.3;
      this.#correction = Math.max(minCorrection, this.#correction * fall);
    } else {
      if (perMs > this.#perMs) this.#perMs = perMs;
      this.#correction = Math.min(maxCorrection, this.#correction * rise);
    }
  }

  #place(): void {
    let left = this.#perMs * this.#correction * this.#recentMs;
    for (let level = 0; level < levels; level++) {
      const arrived = this.#recent[level]!;
      if (arrived > left) {
        this.#cut = level;
        this.#share = left / arrived;
        return;
      }
      left -= arrived;
    }
    this.#cut = levels;
    this.#share = 1;
  }

  #reset(): void {
    this.#isCutting = false;
    this.#recent.fill(0);
    this.#recentMs = 0;
    this.#calm = 0;
    this.#correction = 1;
  }
}
