/** What the end of a call says: nothing, that it was served, or only that it took at least so long. */
export type ServedAs = 'unknown' | 'served' | 'late';

export interface ConcurrencyLimitOptions {
  /** Calls at a time until a queue was seen. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

export interface ConcurrencySnapshot {
  readonly inFlight: number;
  readonly limit: number;
  /** What a call takes where none waits for another, in ms; undefined before anything is known. */
  readonly baseMs: number | undefined;
  /** Calls per second that were served when the limit was reached last; undefined before. */
  readonly perSecond: number | undefined;
}

/** A window has at least so many calls, and lasts at least so long, and as long as a call takes. */
const windowCalls = 20;
const windowMs = 100;
/** A window with fewer calls ends after so many times what a call takes, at least 1 s; with less than 5 it says nothing. */
const patience = 4;
const fewCalls = 5;
/** In the open: so much slower than usual is a queue, if so many calls run. */
const queuedRatio = 2;
const queuedCalls = 16;
/** Room beyond what is served at a time, so that a base that was measured too low does not shrink the limit. */
const cruiseGain = 1.15;
const upGain = 1.25;
const downGain = 0.75;
/** Windows from one look upwards to the next, and between looks downwards: at first, and while they find nothing new. */
const upEvery = 8;
const downEvery = 8;
const maxDownEvery = 32;
/** Calls that measure the base. */
const probeCalls = 64;
/** Without a refusal for so long the method is in the open again. */
const forgetMs = 60_000;

type Phase = 'unknown' | 'open' | 'cruise' | 'up' | 'down';

/**
 * How many calls of a method may run at a time: throughput times what a call takes when none waits (Little's law), and a
 * little room. More would only wait, in the database or wherever the bottleneck is.
 *
 * ```
 * unknown ──20 calls──▶ open ──calls get slow, or the limit is reached──▶ down ──▶ cruise ◀──▶ up
 *                         ▲                                                 ▲────────┘  no refusal for 60 s ──▶ open
 * ```
 *
 * In the `open` there is only a generous limit. Then throughput is measured all the time, and what a call takes by `down`:
 * for a moment fewer calls run than can be served at a time, and those that begin then are measured. `up` looks for more
 * throughput with more calls. A fall of the throughput brings `down` forward, since it does not tell whether the bottleneck
 * is narrower (fewer calls) or slower (as many).
 *
 * Pure: it is told the time.
 */
export class ConcurrencyLimit {
  #options: ConcurrencyLimitOptions;
  #inFlight = 0;
  #limit: number;
  #phase: Phase = 'unknown';
  #openLimit: number;
  #baseMs = 0;
  #perMs = 0;
  #lastRefusalAt = Number.NEGATIVE_INFINITY;
  // The window.
  #beganAt: number;
  #served = 0;
  #late = 0;
  #sumMs = 0;
  #peak = 0;
  #refused = 0;
  // Windows since the last look up and down.
  #sinceUp = 0;
  #sinceDown = 0;
  #downEvery = downEvery;
  // Calls that began while few enough ran.
  #probe = 0;
  #probeBegan = 0;
  #probeEnded = 0;
  #probeSumMs = 0;
  #probeFrom = 0;
  #isMeasured = false;

  constructor(options: ConcurrencyLimitOptions, now: number) {
    this.#options = options;
    this.#beganAt = now;
    this.#openLimit = options.initial;
    this.#limit = options.max;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get limit(): number {
    return this.#limit;
  }

  /** A queue was seen: the limit follows what is served. */
  get isBound(): boolean {
    return this.#phase !== 'unknown' && this.#phase !== 'open';
  }

  configure(options: ConcurrencyLimitOptions): void {
    this.#options = options;
    this.#openLimit = Math.max(options.initial, Math.min(this.#openLimit, options.max));
    this.#place();
  }

  /** A call begins; whether there is room is the caller's to ask. Gives what {@link leave} takes. */
  enter(now: number): number {
    this.#inFlight++;
    if (this.#inFlight > this.#peak) this.#peak = this.#inFlight;
    if (this.#phase !== 'down') return 0;
    if (this.#probeBegan === 0) this.#probeFrom = now;
    this.#probeBegan++;
    return this.#probe;
  }

  /** A call was refused because the limit is reached. */
  refused(now: number): void {
    this.#refused++;
    this.#lastRefusalAt = now;
    this.#endWindow(now);
  }

  /** A call has ended. */
  leave(token: number, now: number, durationMs: number, as: ServedAs): void {
    this.#inFlight--;
    if (token !== 0 && token === this.#probe) this.#learn(durationMs, as);
    // One that failed early would make the method look quicker than it is.
    if (as === 'served') this.#served++;
    else if (as === 'late' && durationMs > this.#baseMs) this.#late++;
    else return;
    this.#sumMs += durationMs;
    this.#endWindow(now);
  }

  /** A call goes on, for as long as it likes: it counts no more. */
  release(token: number): void {
    this.#inFlight--;
    if (token !== 0 && token === this.#probe) this.#probeBegan--;
  }

  snapshot(): ConcurrencySnapshot {
    return {
      inFlight: this.#inFlight,
      limit: this.#limit,
      baseMs: this.#phase === 'unknown' ? undefined : this.#baseMs,
      perSecond: this.isBound ? this.#perMs * 1000 : undefined,
    };
  }

  #learn(durationMs: number, as: ServedAs): void {
    if (as === 'unknown') {
      this.#probeBegan--;
      return;
    }
    this.#probeEnded++;
    this.#probeSumMs += durationMs;
  }

  #endWindow(now: number): void {
    if (this.#phase === 'down') {
      this.#endDown(now);
      return;
    }
    if (this.#probeBegan > 0) this.#endProbe(now);
    const lengthMs = now - this.#beganAt;
    if (lengthMs < windowMs || lengthMs < this.#baseMs) return;
    const calls = this.#served + this.#late;
    if (calls < windowCalls && lengthMs < Math.max(1000, patience * this.#baseMs)) return;
    if (calls >= fewCalls) this.#judge(calls, this.#served / lengthMs, this.#sumMs / calls, now);
    this.#restart(now);
  }

  #restart(now: number): void {
    this.#beganAt = now;
    this.#served = 0;
    this.#late = 0;
    this.#sumMs = 0;
    this.#peak = this.#inFlight;
    this.#refused = 0;
  }

  #judge(calls: number, perMs: number, meanMs: number, now: number): void {
    if (this.#phase === 'unknown') {
      this.#baseMs = meanMs;
      this.#phase = 'open';
    } else if (this.#phase === 'open') this.#judgeOpen(perMs, meanMs);
    else this.#judgeBound(calls, perMs, now);
    this.#place();
  }

  #judgeOpen(perMs: number, meanMs: number): void {
    const isQueued = meanMs > queuedRatio * this.#baseMs && this.#peak >= queuedCalls;
    if (isQueued || (this.#refused > 0 && meanMs > 1.5 * this.#baseMs)) {
      this.#perMs = perMs;
      this.#isMeasured = false;
      this.#down();
      return;
    }
    if (this.#refused > 0) this.#openLimit = Math.min(this.#options.max, this.#openLimit * 2);
    this.#baseMs += (meanMs - this.#baseMs) * (meanMs < this.#baseMs ? 0.5 : 0.05);
  }

  #judgeBound(calls: number, perMs: number, now: number): void {
    const noise = 1 / Math.sqrt(calls);
    const isMore = perMs > this.#perMs * (1 + Math.max(0.1, 2 * noise));
    if (this.#refused === 0) {
      // There was room: only more than before says anything.
      if (perMs > this.#perMs) this.#perMs = perMs;
      if (this.#phase === 'up') this.#phase = 'cruise';
      if (now - this.#lastRefusalAt > forgetMs) this.#phase = 'open';
      return;
    }
    if (isMore) {
      this.#perMs = perMs;
      this.#phase = 'up';
      return;
    }
    if (perMs < this.#perMs * (1 - Math.max(0.2, 2.5 * noise))) {
      this.#perMs = perMs;
      this.#downEvery = downEvery;
      this.#down();
      return;
    }
    this.#perMs += (perMs - this.#perMs) * 0.25;
    this.#phase = 'cruise';
    this.#sinceUp++;
    this.#sinceDown++;
    if (this.#sinceDown >= this.#downEvery && this.#probeBegan === 0) this.#down();
    else if (this.#sinceUp >= upEvery) {
      this.#sinceUp = 0;
      this.#phase = 'up';
    }
  }

  #down(): void {
    this.#phase = 'down';
    this.#probe++;
    this.#probeBegan = 0;
    this.#probeEnded = 0;
    this.#probeSumMs = 0;
    this.#place();
  }

  /** Enough calls to measure have begun: the limit is lifted again. */
  #endDown(now: number): void {
    if (this.#probeBegan === 0) return;
    if (this.#probeBegan < probeCalls && now - this.#probeFrom < Math.max(windowMs, this.#baseMs)) return;
    this.#phase = 'cruise';
    this.#sinceDown = 0;
    this.#sinceUp = 0;
    this.#restart(now);
    this.#place();
  }

  /** Nearly all of them have ended: the first that end are the quick ones, and would not do. */
  #endProbe(now: number): void {
    const isLate = now - this.#probeFrom >= Math.max(1000, patience * this.#baseMs);
    if (this.#probeEnded < this.#probeBegan * 0.95 && !isLate) return;
    if (this.#probeEnded >= fewCalls) this.#rebase(this.#probeSumMs / this.#probeEnded);
    this.#probeBegan = 0;
    this.#probe++;
    this.#place();
  }

  #rebase(meanMs: number): void {
    const ratio = meanMs / this.#baseMs;
    const isNew = !this.#isMeasured || ratio > 1.3 || ratio < 0.7;
    this.#baseMs = isNew ? meanMs : this.#baseMs + (meanMs - this.#baseMs) * 0.5;
    this.#downEvery = isNew ? downEvery : Math.min(maxDownEvery, this.#downEvery * 2);
    this.#isMeasured = true;
  }

  #place(): void {
    const { min, max } = this.#options;
    if (this.#phase === 'unknown') this.#limit = max;
    else if (this.#phase === 'open') this.#limit = Math.min(max, this.#openLimit);
    else {
      const atATime = this.#perMs * this.#baseMs;
      const wanted =
        this.#phase === 'down'
          ? downGain * atATime
          : (atATime * cruiseGain + Math.sqrt(atATime)) * (this.#phase === 'up' ? upGain : 1);
      this.#limit = Math.min(max, Math.max(min, Math.round(wanted)));
    }
  }
}
