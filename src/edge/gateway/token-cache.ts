import type { Identity } from './auth.ts';

interface Entry {
  readonly identity: Identity;
  readonly checkedUntilMs: number;
  readonly endsMs: number;
}

/** A removed key is noticed after this at the latest. */
const maxAgeMs = 60_000;

/**
 * Tokens that were found good a moment ago, so that the many calls of one session check one signature. Of `size` tokens the
 * one whose check is the oldest makes room. Times are wall-clock milliseconds.
 */
export class TokenCache {
  readonly #entries = new Map<string, Entry>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  /** Whose it is, if that was checked within the last minute. */
  get(token: string, nowMs: number): Identity | undefined {
    const entry = this.#entries.get(token);
    return entry !== undefined && nowMs < entry.checkedUntilMs ? entry.identity : undefined;
  }

  /**
   * Whose it was when it was checked last, until it ends: enough to tell who is at work from a stranger, where the next
   * check comes only after that. Never enough to let anybody in.
   */
  recall(token: string, nowMs: number): Identity | undefined {
    const entry = this.#entries.get(token);
    if (entry === undefined) return undefined;
    if (nowMs < entry.endsMs) return entry.identity;
    this.#entries.delete(token);
    return undefined;
  }

  /** It was found good now. */
  set(token: string, identity: Identity, nowMs: number, endsMs: number): void {
    if (this.#size === 0) return;
    this.#entries.delete(token);
    if (this.#entries.size >= this.#size) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    this.#entries.set(token, { identity, checkedUntilMs: Math.min(endsMs, nowMs + maxAgeMs), endsMs });
  }

  /** It was found bad. */
  delete(token: string): void {
    this.#entries.delete(token);
  }
}
