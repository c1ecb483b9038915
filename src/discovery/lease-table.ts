export interface LeaseOptions {
  /** An instance that has not renewed for so long counts as gone. */
  readonly ttlMs: number;
  /** How often instances renew. */
  readonly heartbeatMs: number;
}

export type Renewal = 'renewed' | 'unknown' | 'replaced';

interface Lease {
  readonly token: string;
  renewedAt: number;
  /** The grant, or the last heartbeat before those in `beats`. */
  countedFrom: number;
  /** When it renewed within the long window; one per heartbeat counts. */
  readonly beats: number[];
}

/** Lost heartbeats are counted over both: the short window sees a fault begin, the long one is surer with few instances. */
const shortWindowTtls = 1;
/** Evictions are counted over the long one. */
const longWindowTtls = 4;
/** With fewer of the expected heartbeats than this it is the network that is ill, not the instances. */
const minHeartbeatShare = 0.85;
/** At most this share of the instances goes within one window (but at least one may). */
const maxEvictedShare = 0.15;
/** After this many TTLs of silence (an hour at 15 s) an instance goes whatever the rules above say. */
const hardTtls = 240;

/**
 * Who has renewed when, and who may be evicted: pure, time is given to it. An instance that is silent for a TTL goes,
 * except where more speaks for a fault of the network or of the registry itself (self-protection, after Eureka and
 * bilibili's discovery):
 *
 * - the others' heartbeats of the last TTL, or of the last four, arrived to less than 85 %: nobody goes;
 * - all of several instances are silent: nobody goes;
 * - more than 15 % would go within four TTLs (but one always may): the longest silent go, the others wait;
 * - the sweep itself came late (the process was suspended): all leases are prolonged by as much.
 *
 * A wrong eviction heals itself: the instance learns of it at its next heartbeat and registers again.
 */
export class LeaseTable {
  readonly #ttlMs: number;
  readonly #heartbeatMs: number;
  readonly #leases = new Map<string, Lease>();
  #evictedAt: number[] = [];
  #sweptAt: number | undefined;

  constructor({ ttlMs, heartbeatMs }: LeaseOptions) {
    this.#ttlMs = ttlMs;
    this.#heartbeatMs = heartbeatMs;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** How often to ask `takeExpired`. */
  get sweepMs(): number {
    return Math.max(1, this.#ttlMs / 15);
  }

  grant(key: string, token: string, now: number): void {
    // Nobody sweeps an empty table: the next sweep is not late.
    if (this.#leases.size === 0) this.#sweptAt = undefined;
    this.#leases.set(key, { token, renewedAt: now, countedFrom: now, beats: [] });
  }

  holds(key: string, token: string): boolean {
    return this.#leases.get(key)?.token === token;
  }

  renew(key: string, token: string, now: number): Renewal {
    const lease = this.#leases.get(key);
    if (lease === undefined) return 'unknown';
    if (lease.token !== token) return 'replaced';
    lease.renewedAt = now;
    const last = lease.beats.at(-1) ?? lease.countedFrom;
    // Who renews more often than asked must not make up for others' losses.
    if (now - last >= this.#heartbeatMs / 2) lease.beats.push(now);
    while (lease.beats.length > 0 && lease.beats[0]! < now - this.#windowMs) lease.countedFrom = lease.beats.shift()!;
    return 'renewed';
  }

  drop(key: string): void {
    this.#leases.delete(key);
  }

  /** Removes and returns the keys of those who are to go now. */
  takeExpired(now: number): string[] {
    this.#prolongIfLate(now);
    const silent = [...this.#leases].filter(([, lease]) => now - lease.renewedAt > this.#ttlMs);
    const hopeless = silent.filter(([, lease]) => now - lease.renewedAt > this.#ttlMs * hardTtls);
    const goes = hopeless.length > 0 ? hopeless : this.#allowed(silent, now);
    for (const [key] of goes) this.#leases.delete(key);
    this.#evictedAt.push(...goes.map(() => now));
    return goes.map(([key]) => key);
  }

  #allowed(silent: readonly (readonly [string, Lease])[], now: number): readonly (readonly [string, Lease])[] {
    this.#evictedAt = this.#evictedAt.filter((at) => at > now - this.#windowMs);
    if (silent.length === 0) return [];
    if (silent.length === this.#leases.size && silent.length > 1) return [];
    const shares = [shortWindowTtls, longWindowTtls].map((ttls) => this.#heartbeatShare(now, ttls * this.#ttlMs));
    if (Math.min(...shares) < minHeartbeatShare) return [];
    const known = this.#leases.size + this.#evictedAt.length;
    const left = Math.max(1, Math.floor(known * maxEvictedShare)) - this.#evictedAt.length;
    return silent.toSorted(([, a], [, b]) => a.renewedAt - b.renewedAt).slice(0, Math.max(0, left));
  }

  /** What arrived of the heartbeats that those who are not silent should have sent within the window. */
  #heartbeatShare(now: number, windowMs: number): number {
    let arrived = 0;
    let missed = 0;
    for (const { renewedAt, countedFrom, beats } of this.#leases.values()) {
      if (now - renewedAt > this.#ttlMs) continue;
      let last = countedFrom;
      for (const at of beats) {
        if (at >= now - windowMs) {
          arrived++;
          missed += this.#missedIn(at - last);
        }
        last = at;
      }
      missed += this.#missedIn(now - last);
    }
    return arrived + missed === 0 ? 1 : arrived / (arrived + missed);
  }

  /** Up to half a heartbeat late is not lost. */
  #missedIn(gapMs: number): number {
    return Math.max(0, Math.round(gapMs / this.#heartbeatMs) - 1);
  }

  #prolongIfLate(now: number): void {
    const lateMs = this.#sweptAt === undefined ? 0 : now - this.#sweptAt - this.sweepMs;
    this.#sweptAt = now;
    if (lateMs < this.#heartbeatMs) return;
    for (const lease of this.#leases.values()) lease.renewedAt += lateMs;
  }

  get #windowMs(): number {
    return this.#ttlMs * longWindowTtls;
  }
}
