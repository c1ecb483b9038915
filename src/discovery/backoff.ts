export interface BackoffOptions {
  /** Default: 100. */
  readonly firstMs?: number;
  /** Default: 5,000. */
  readonly maxMs?: number;
  /** A number from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
}

/** Growing pauses between tries: each twice the last, less up to half of it by chance, so that clients do not come back as one. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor({ firstMs = 100, maxMs = 5_000, random = Math.random }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** The pause after one more failure. */
  nextMs(): number {
    const ms = Math.min(this.#firstMs * 2 ** this.#failures++, this.#maxMs);
    return ms * (1 - this.#random() / 2);
  }

  /** After a success. */
  reset(): void {
    this.#failures = 0;
  }
}
