import type { Clock, Timer } from '../../../concurrency/index.ts';

/** Into how many parts a period is cut. One slot more than that, so that nobody is visited early. */
const parts = 16;

/**
 * Visits its members once a period, those who came together together, on one timer for all: a timer each, with its function, would be a tenth of
 * what an idle connection may cost. A member is visited for the first time after one period, at most a sixteenth of it
 * later, and then again and again until it leaves.
 */
export class Rounds<T extends object> {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #visit: (member: T) => void;
  readonly #slots: Set<T>[] = [];
  #size = 0;
  /** The slot that was visited last, and when the next one is due. */
  #current = 0;
  #dueAt = 0;
  #timer: Timer | undefined;
  #isFiring = false;

  constructor(clock: Clock, periodMs: number, visit: (member: T) => void) {
    this.#clock = clock;
    this.#tickMs = periodMs / parts;
    this.#visit = visit;
  }

  add(member: T): void {
    if (this.#slots.length === 0) for (let i = 0; i <= parts; i++) this.#slots.push(new Set());
    if (this.#timer === undefined && !this.#isFiring) {
      this.#dueAt = this.#clock.now() + this.#tickMs;
      this.#arm();
    }
    this.#slots[this.#current]!.add(member);
    this.#size++;
  }

  delete(member: T): void {
    for (const slot of this.#slots) {
      if (!slot.delete(member)) continue;
      this.#size--;
      break;
    }
    if (this.#size > 0 || this.#isFiring) return;
    // A timer that is pending keeps the process alive.
    this.#timer?.stop();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.at(this.#dueAt, () => this.#fire());
  }

  #fire(): void {
    const now = this.#clock.now();
    this.#isFiring = true;
    this.#timer = undefined;
    // After a blocked loop several slots are due; each is visited once, and then it goes on from here.
    for (let turn = 0; turn <= parts && this.#dueAt <= now; turn++) {
      this.#dueAt += this.#tickMs;
      this.#current = (this.#current + 1) % (parts + 1);
      const slot = this.#slots[this.#current]!;
      for (const member of [...slot]) if (slot.has(member)) this.#visit(member);
    }
    if (this.#dueAt <= now) this.#dueAt = now + this.#tickMs;
    this.#isFiring = false;
    if (this.#size > 0) this.#arm();
  }
}
