import type { Identity } from './auth.ts';

interface Entry {
  readonly identity: Identity;
  readonly goodUntilMs: number;
}

/** A removed key is noticed after this at the latest. */
const maxAgeMs = 60_000;

/**
 * Tokens that were found good a moment ago, so that the many calls of one session check one signature. Of `size` tokens the
 * one added first makes room. Times are wall-clock milliseconds.
 */
export class TokenCache {
  readonly #entries = new Map<string, Entry>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(token: string, nowMs: number): Identity | undefined {
    const entry = this.#entries.get(token);
    if (entry === undefined) return undefined;
    if (nowMs < entry.goodUntilMs) return entry.identity;
    this.#entries.delete(token);
    return undefined;
  }

  /** Keeps it until it ends, and no longer than a minute. */
  set(token: string, identity: Identity, nowMs: number, endsMs: number): void {
    if (this.#size === 0) return;
    if (this.#entries.size >= this.#size) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    this.#entries.set(token, { identity, goodUntilMs: Math.min(endsMs, nowMs + maxAgeMs) });
  }
}
