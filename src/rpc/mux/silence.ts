/** A node that calls wait for and that says nothing for so long is asked, and has as long to answer. */
const intervalMs = 10_000;
/** After a pause of this process a timer comes before what has arrived meanwhile. */
const doubtMs = 1_000;

/**
 * What to do about a node that says nothing while calls wait for it. By the clock, and not by how long one timer ran: calls may
 * end, each in its own time, before the node is asked, and yet it has not answered any of them. It has no clock and no timer;
 * `heardAt` is when something came last, `now` what the clock says.
 */
export class Silence {
  /** When the first call began after something was heard. */
  #since = -1;
  #askedAt: number | undefined;
  #doubtedAt: number | undefined;

  /** Calls begin where there were none. */
  begin(heardAt: number, now: number): void {
    if (heardAt > this.#since) this.#since = now;
  }

  /** How long from now until `next` has something to say: not more than 0 if it is time. */
  leftMs(heardAt: number, now: number): number {
    if (!this.#isAsked(heardAt)) return Math.max(this.#since, heardAt) + intervalMs - now;
    return (this.#doubtedAt === undefined ? this.#askedAt! + intervalMs : this.#doubtedAt + doubtMs) - now;
  }

  /** What is to be done: whoever is told to ask does so. */
  next(heardAt: number, now: number): 'wait' | 'ask' | 'cut' {
    if (this.leftMs(heardAt, now) > 0) return 'wait';
    if (!this.#isAsked(heardAt)) {
      this.#askedAt = now;
      this.#doubtedAt = undefined;
      return 'ask';
    }
    if (this.#doubtedAt !== undefined) return 'cut';
    this.#doubtedAt = now;
    return 'wait';
  }

  #isAsked(heardAt: number): boolean {
    return this.#askedAt !== undefined && heardAt < this.#askedAt;
  }
}
