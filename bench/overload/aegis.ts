import type { Permit } from 'flotilla/call';
import { StatusError } from 'flotilla/errors';
import type { Admit } from 'flotilla/service';

const buckets = 100;
const bucketMs = 100;
const threshold = 0.8;
const coolDownMs = 1000;
const sampleMs = 500;
const decay = 0.95;

interface Bucket {
  /** Which stretch of `bucketMs` it holds. */
  turn: number;
  passed: number;
  totalMs: number;
}

/**
 * The rule of go-kratos/aegis, `ratelimit/bbr`, with its published numbers: while the smoothed CPU use is high, or was within the last
 * second, no more calls run at once than the best throughput of the last ten seconds times the lowest mean duration. The core
 * that the process is pinned to is all of its CPU.
 */
export class AegisLimiter {
  readonly #window: Bucket[] = Array.from({ length: buckets }, () => ({ turn: -1, passed: 0, totalMs: 0 }));
  readonly #now: () => number;
  #cpu = 0;
  #inFlight = 0;
  #firstDropAt: number | undefined;
  #knownAt = -1;
  #known = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The share of the core that was used since the last time. */
  sampleCpu(used: number): void {
    this.#cpu = this.#cpu * decay + Math.min(used, 1) * (1 - decay);
  }

  /** Takes a call unless it is one too many. */
  tryBegin(): boolean {
    if (this.#shouldDrop()) return false;
    this.#inFlight++;
    return true;
  }

  end(durationMs: number): void {
    this.#inFlight--;
    const turn = Math.floor(this.#now() / bucketMs);
    const bucket = this.#window[turn % buckets]!;
    if (bucket.turn !== turn) {
      bucket.turn = turn;
      bucket.passed = 0;
      bucket.totalMs = 0;
    }
    bucket.passed++;
    bucket.totalMs += durationMs;
  }

  #shouldDrop(): boolean {
    const now = this.#now();
    const isTooMany = this.#inFlight > 1 && this.#inFlight > this.#maxInFlight(now);
    if (this.#cpu >= threshold) {
      if (isTooMany) this.#firstDropAt ??= now;
      return isTooMany;
    }
    if (this.#firstDropAt === undefined) return false;
    if (now - this.#firstDropAt <= coolDownMs) return isTooMany;
    this.#firstDropAt = undefined;
    return false;
  }

  /** Known anew with every bucket; the one that fills does not count. */
  #maxInFlight(now: number): number {
    const turn = Math.floor(now / bucketMs);
    if (turn === this.#knownAt) return this.#known;
    let maxPassed = 1;
    let minMs = Number.POSITIVE_INFINITY;
    for (const bucket of this.#window) {
      if (bucket.passed === 0 || bucket.turn === turn || bucket.turn <= turn - buckets) continue;
      maxPassed = Math.max(maxPassed, bucket.passed);
      minMs = Math.min(minMs, Math.max(1, Math.ceil(bucket.totalMs / bucket.passed)));
    }
    if (minMs === Number.POSITIVE_INFINITY) minMs = 1;
    this.#knownAt = turn;
    this.#known = Math.floor((maxPassed * minMs) / bucketMs + 0.5);
    return this.#known;
  }
}

/** The limiter as the `admit` of a server, with the CPU time of this process. */
export function aegisAdmit(): Admit {
  const limiter = new AegisLimiter(() => performance.now());
  let before = process.cpuUsage();
  let beforeAt = performance.now();
  setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    const now = performance.now();
    limiter.sampleCpu((user + system) / 1000 / (now - beforeAt));
    before = process.cpuUsage();
    beforeAt = now;
  }, sampleMs).unref();
  const permit: Permit = { admitted: true, done: ({ durationMs }) => limiter.end(durationMs) };
  const error = new StatusError('resource_exhausted', 'the service is unavailable due to rate limit exceeded', {
    reason: 'RATELIMIT',
  });
  const rejection = { admitted: false, error } as const;
  return () => (limiter.tryBegin() ? permit : rejection);
}
