/** What `KeyTable` and `keyedLimiter` are checked against: a Map, and GCRA in its textbook form. Forgets nobody. */
export class PlainKeys {
  readonly #arrivals = new Map<string, number>();
  readonly #increment: number;
  readonly #burst: number;

  constructor({
    limit,
    windowMs,
    burst,
  }: { readonly limit: number; readonly windowMs: number; readonly burst: number }) {
    this.#increment = windowMs / limit;
    this.#burst = burst;
  }

  acquire(key: string, now: number): boolean {
    const next = Math.max(this.#arrivals.get(key) ?? 0, now) + this.#increment;
    if (next - now > (this.#burst + 0.001) * this.#increment) return false;
    this.#arrivals.set(key, next);
    return true;
  }
}
