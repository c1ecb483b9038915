import { priorities } from '../../call/index.ts';

/** Users are spread over so many cohorts within a priority. */
export const cohorts = 128;
/** A level is `priority rank * cohorts + cohort`: 0 is admitted last of all to be refused. */
export const levels = priorities.length * cohorts;

/** Arrivals that make a window speak for itself; with fewer, the windows before it count as well. */
const enoughArrivals = 1000;
/** How fast the share of the measured capacity that is let in falls while there is a queue, and rises while there is none. */
const fall = 0.98;
const rise = 1.03;
/** Where more was idle than chance leaves, the load has fallen: what arrived before is of no use any more. */
const idleByChance = 0.3;
/** Calls of a window that tell of the capacity as well as those of a longer one. */
const enoughTaken = 30;
/** Rises may add up where chance leaves gaps between calls that each take as long as many turns. */
const minCorrection = 0.5;
const maxCorrection = 8;
/** Windows without a queue, all levels open, until it is over. */
const calmWindows = 5;

/** `queued`: there was a queue all the time, or calls were refused for want of room. `busy`: as much to do as can be done. */
export type Demand = 'queued' | 'busy' | 'room';

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

  /** Whether some levels are refused: more comes than can be done. */
  get isClosed(): boolean {
    return this.#isCutting && this.#cut < levels;
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

  /** Ends a window of so many ms. `idleShare`: of the time in which more could have been done; 0 where nobody knows. */
  endWindow(demand: Demand, lengthMs: number, idleShare = 0): void {
    const taken = this.#taken;
    this.#taken = 0;
    if (lengthMs <= 0) return;
    if (!this.#isCutting) {
      // At least one: of nothing no correction makes anything, and a level that lets nobody in learns no better.
      if (demand === 'queued') this.#begin(Math.max(1, taken) / lengthMs);
      return;
    }
    const hasFallen = idleShare > idleByChance;
    this.#remember(lengthMs, hasFallen ? 1 - idleShare : 0.9);
    if (demand === 'queued') this.#correct(fall);
    else if (demand === 'room') this.#correct(hasFallen ? 1 + idleShare : rise);
    if (idleShare < 0.9) this.#measure(taken, lengthMs * (1 - idleShare), demand);
    this.#place();
    this.#calm = demand === 'queued' || this.#cut < levels ? 0 : this.#calm + 1;
    if (this.#calm >= calmWindows) this.#isCutting = false;
  }

  #begin(perMs: number): void {
    this.#isCutting = true;
    this.#perMs = perMs;
    this.#correction = 1;
    this.#calm = 0;
    this.#recent.fill(0);
    this.#recentMs = 0;
  }

  #remember(lengthMs: number, most: number): void {
    let arrived = 0;
    for (let level = 0; level < levels; level++) arrived += this.#arrived[level]!;
    const kept = Math.min(most, Math.max(0, 1 - arrived / enoughArrivals));
    for (let level = 0; level < levels; level++)
      this.#recent[level] = this.#recent[level]! * kept + this.#arrived[level]!;
    this.#recentMs = this.#recentMs * kept + lengthMs;
    this.#arrived.fill(0);
  }

  /** What was taken while there was something to do is the capacity; without a queue it is that at least. */
  #measure(taken: number, busyMs: number, demand: Demand): void {
    const perMs = taken / busyMs;
    if (demand === 'room' && perMs < this.#perMs) return;
    this.#perMs += (perMs - this.#perMs) * 0.3 * Math.min(1, taken / enoughTaken);
  }

  #correct(factor: number): void {
    this.#correction = Math.max(minCorrection, Math.min(maxCorrection, this.#correction * factor));
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
}
