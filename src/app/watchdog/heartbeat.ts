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

/**
 * Tells whether a loop is stuck by the ticks of another thread, never by the clock on the wall: a process that was stopped
 * or a machine that slept stops both, and neither has then missed the other. Pure: ticks in, the answer out.
 */
export class HeartbeatWatch {
  readonly #limit: number;
  #last: number | undefined;
  #missed = 0;

  constructor({ stuckMs, beatMs }: HeartbeatOptions) {
    this.#limit = Math.ceil(stuckMs / beatMs);
  }

  /** Once per `beatMs` of the watching thread. True: the loop has not turned for `stuckMs`. */
  tick(beat: number, isDebugged: boolean): boolean {
    this.#missed = beat === this.#last && !isDebugged ? this.#missed + 1 : 0;
    this.#last = beat;
    return this.#missed >= this.#limit;
  }

  /** It turned again, or was seen to: counting starts anew. */
  reset(): void {
    this.#last = undefined;
    this.#missed = 0;
  }
}

/** The main thread shows it from the start, the watching one counts. */
export const stallsMetric = [
  'guard.watchdog.stalls',
  { unit: '{stall}', description: 'Times that the event loop was stuck.' },
] as const;
