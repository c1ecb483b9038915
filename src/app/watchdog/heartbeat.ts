/** The words of memory that the main thread and the one that watches it share. */
export const heartbeatWords = {
  /** Grows with every turn of the main loop's timer. */
  beat: 0,
  /** 1 while a debugger may have stopped the main thread. */
  isDebugged: 1,
  count: 2,
} as const;

export interface HeartbeatOptions {
  /** No beat for so long: the loop is stuck. */
  readonly stuckMs: number;
  /** Between two beats, and between two ticks of who watches. */
  readonly beatMs: number;
}

/** How long a thread has run on a processor, and has waited for one, since it began. */
export interface ThreadTimes {
  readonly ranMs: number;
  readonly waitedMs: number;
}

/** Who waited for a processor for half of `stuckMs`, and had one for less than a tenth, is starved and not stuck. */
const waitedShare = 0.5;
const ranShare = 0.1;

/**
 * Tells whether a loop is stuck by the ticks of another thread, never by the clock on the wall: a process that was stopped
 * or a machine that slept stops both, and neither has then missed the other. Pure: ticks in, the answer out.
 */
export class HeartbeatWatch {
  readonly #limit: number;
  readonly #stuckMs: number;
  #last: number | undefined;
  #missed = 0;
  /** At the last beat. */
  #times: ThreadTimes | undefined;

  constructor({ stuckMs, beatMs }: HeartbeatOptions) {
    this.#limit = Math.ceil(stuckMs / beatMs);
    this.#stuckMs = stuckMs;
  }

  /**
   * Once per `beatMs` of the watching thread. True: the loop has not turned for `stuckMs`, and was not kept from it by a
   * machine that gives it no processor. `times` are those of the loop's thread, where the system tells them.
   */
  tick(beat: number, isDebugged: boolean, times?: ThreadTimes): boolean {
    const hasMissed = beat === this.#last && !isDebugged;
    this.#missed = hasMissed ? this.#missed + 1 : 0;
    if (!hasMissed) this.#times = times;
    this.#last = beat;
    return this.#missed >= this.#limit && !this.#isStarved(times);
  }

  /** It turned again, or was seen to: counting starts anew. */
  reset(): void {
    this.#last = undefined;
    this.#missed = 0;
  }

  #isStarved(now: ThreadTimes | undefined): boolean {
    const then = this.#times;
    if (now === undefined || then === undefined) return false;
    const hasRun = now.ranMs - then.ranMs >= this.#stuckMs * ranShare;
    return !hasRun && now.waitedMs - then.waitedMs > this.#stuckMs * waitedShare;
  }
}

/** The main thread shows it from the start, the watching one counts. */
export const stallsMetric = [
  'guard.watchdog.stalls',
  { unit: '{stall}', description: 'Times that the event loop was stuck.' },
] as const;
