import { codes, MuxViolation } from './protocol.ts';

/** Frames that make work and carry none, in a burst and per second after it (CVE-2023-44487 and its kin). */
const burst = 10_000;
const perSecond = 1_000;
/** A call that is cancelled sooner than this was begun for nothing. */
const rapidMs = 10;

/**
 * Tells a flood of frames that carry nothing from the cancels of a busy peer. To cancel a call that has run for a while is free:
 * there are no more of those than streams. One that is cancelled at once, or too late, costs what another one earns that
 * was answered: so hedges are free, and a peer that does little but cancel is found.
 */
export class FloodMeter {
  #left = burst;
  #spentAt = 0;
  #earned = 0;
  #markedAt = 0;
  #markedId = 0;
  /** This one and those before it were begun a while ago. */
  #settledId = 0;

  /** A call was answered. */
  earn(): void {
    this.#earned++;
  }

  /** Bytes have come; the newest stream before them is `lastId`. */
  tick(now: number, lastId: number): void {
    if (now - this.#markedAt < rapidMs) return;
    this.#markedAt = now;
    this.#settledId = this.#markedId;
    this.#markedId = lastId;
  }

  /** Whether a stream was begun a while ago. */
  isSettled(id: number): boolean {
    return id <= this.#settledId;
  }

  /** Frames that carry nothing. Throws a MuxViolation when there were too many. */
  spend(cost: number, now: number): void {
    this.#left -= cost;
    if (this.#left >= 0) return;
    const earned = this.#earned + ((now - this.#spentAt) * perSecond) / 1_000;
    this.#spentAt = now;
    this.#earned = 0;
    this.#left = Math.min(burst, this.#left + earned);
    if (this.#left < 0) throw new MuxViolation(codes.flood, 'too many frames that carry nothing');
  }
}
