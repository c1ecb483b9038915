export interface FloodGateOptions {
  /** So many lines alike pass in a window. Default: 5. */
  readonly limit?: number;
  /** Default: 10,000 ms. */
  readonly windowMs?: number;
}

/** More kinds of lines than this share one count: a message may hold anything. */
const maxKinds = 500;
const other = 'others';

/**
 * Lets the first few of many lines alike pass and counts the rest, so that one fault under load does not bury all else.
 * The counts are asked for at the end of each window; without lines it holds nothing.
 */
export class FloodGate {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #counts = new Map<string, number>();
  #windowEnds = 0;

  constructor({ limit = 5, windowMs = 10_000 }: FloodGateOptions = {}) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Whether this line passes. `onEnd` is given what a window that is over held back, before the line. */
  pass(kind: string, nowMs: number, onEnd: (held: ReadonlyMap<string, number>) => void): boolean {
    if (nowMs >= this.#windowEnds) {
      const held = this.take();
      this.#windowEnds = nowMs + this.#windowMs;
      if (held.size > 0) onEnd(held);
    }
    const key = this.#counts.has(kind) || this.#counts.size < maxKinds ? kind : other;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count <= this.#limit;
  }

  /** How many lines of each kind were held back; starts to count anew. */
  take(): ReadonlyMap<string, number> {
    const held = [...this.#counts].filter(([, count]) => count > this.#limit);
    this.#counts.clear();
    return new Map(held.map(([kind, count]) => [kind, count - this.#limit]));
  }
}
