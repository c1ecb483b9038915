/** What the end of a call says: nothing, that it was served, or only that it took at least so long. */
export type ServedAs = 'unknown' | 'served' | 'late';

export interface ConcurrencyLimitOptions {
  /** Calls at a time until a queue was seen. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  /** What a call keeps the event loop busy for. */
  readonly loop: { readonly costMs: number };
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
/** In the open: so much slower than usual is a queue, if so many calls run, and if chance does not explain it. */
const queuedRatio = 3;
/** And by so much at least, and by more than all those that run keep the loop busy for: else it is the loop that they wait for. */
const queuedMs = 10;
const loopDoubt = 1.5;
const queuedCalls = 24;
const surely = 4;
/**
 * Where so large a share is served it is they who tell of a queue, which all would wait in: the others may hang at one of several
 * servers that are behind this one.
 */
const tellingShare = 0.25;
/** What calls take rises by itself in so long at the earliest; a queue that grows is seen before. */
const riseMs = 30_000;
/**
 * So many times as many calls run as are served at a time when none waits. More than one, and by more than the base can be
 * wrong: a limit that is too low by chance makes room for itself, since all that it admits is served at once.
 */
const gain = 1.7;
/** To measure the base so many of them run. */
const probeGain = 0.75;
/** Calls that measure the base, and the fewest that do. */
const probeCalls = 64;
const leastProbeCalls = 10;
/** Windows between two measurements: at first, and while they find nothing new. */
const probeEvery = 8;
const maxProbeEvery = 128;
/** So much less or more is served than at the last measurement: time for another. */
const fallen = 0.25;
const risen = 0.4;
/** What a measurement may raise the base by: calls of before that nobody waits for any more may still be in the way. */
const maxRaise = 2;
/** The limit binds where so much of it was in use on average, and calls were refused. */
const inUse = 0.75;
/** Calls were refused, and neither does it bind nor are they slower than so many times the base: it is in the way of bursts. */
const notQueued = 1.3;
const widen = 1.25;
/** It falls no faster than this in one window, and rises no faster than its inverse. */
const maxFall = 0.5;
/** Without a refusal for so long the method is in the open again. */
const forgetMs = 60_000;

type Phase = 'unknown' | 'open' | 'bound' | 'probe';

/**
 * How many calls of a method may run at a time: what is served per ms times what a call takes when none waits (Little's
 * law), and two thirds more. More would only wait, in the database or wherever the bottleneck is.
 *
 * ```
 * unknown ──the first 20──▶ open ──calls get slow──▶ probe ◀──▶ bound ──no refusal for 60 s──▶ open
 * ```
 *
 * In the `open` there is only a generous limit. In the `bound` throughput is measured all the time, in windows in which
 * the limit was in use, for others tell of the demand only. What a call takes is measured by a `probe`: for a
 * moment fewer calls run than are served at a time, and those that begin then are timed. A fall of the throughput brings it
 * forward, since it does not tell whether the bottleneck is narrower (fewer calls) or slower (as many).
 *
 * Pure: it is told the time.
 */
export class ConcurrencyLimit {
  #options: ConcurrencyLimitOptions;
  #inFlight = 0;
  #limit: number;
  #bound = 0;
  #phase: Phase = 'unknown';
  #openLimit: number;
  #baseMs = 0;
  #perMs = 0;
  /** Standard deviation of what a call takes, by its mean. */
  #spread = 1;
  #lastRefusalAt = Number.NEGATIVE_INFINITY;
  // The window.
  #beganAt: number;
  #served = 0;
  #late = 0;
  #servedMs = 0;
  #servedSquares = 0;
  #sumMs = 0;
  #sumOfSquares = 0;
  #peak = 0;
  #refused = 0;
  // The measurement of the base: the calls that began while few enough ran.
  #sinceProbe = 0;
  #probeEvery = probeEvery;
  /** What was served when the base was measured; if it is much less or more since, the base may be another. */
  #perMsMeasured = 0;
  #isSuspect = false;
  #probe = 1;
  #probeBegan = 0;
  #probeEnded = 0;
  #probeSumMs = 0;
  #probeFrom = 0;

  constructor(options: ConcurrencyLimitOptions, now: number) {
    this.#options = options;
    this.#beganAt = now;
    this.#openLimit = options.initial;
    this.#limit = options.initial;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get limit(): number {
    return this.#limit;
  }

  /** The same while a moment of fewer calls serves to measure: what must not be refused for that. */
  get standingLimit(): number {
    return this.#phase === 'probe' ? Math.max(this.#limit, Math.round(this.#bound)) : this.#limit;
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
    const isMeasured = this.#phase === 'probe' ? this.#inFlight <= this.#limit : this.#phase === 'unknown';
    if (!isMeasured || (this.#phase === 'unknown' && this.#probeBegan >= windowCalls)) return 0;
    if (this.#probeBegan === 0) this.#probeFrom = now;
    this.#probeBegan++;
    return this.#probe;
  }

  /** A call was refused because the limit is reached, or close. */
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
    if (as === 'served') {
      this.#served++;
      this.#servedMs += durationMs;
      this.#servedSquares += durationMs * durationMs;
    } else if (as === 'late' && durationMs > this.#baseMs) this.#late++;
    else return;
    this.#sumMs += durationMs;
    this.#sumOfSquares += durationMs * durationMs;
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
    if (this.#phase === 'probe') {
      this.#endProbe(now);
      return;
    }
    if (this.#probeBegan > 0) this.#endMeasurement(now);
    if (this.#phase === 'unknown') return;
    const lengthMs = now - this.#beganAt;
    if (lengthMs < windowMs || lengthMs < this.#baseMs) return;
    const calls = this.#served + this.#late;
    if (calls < windowCalls && lengthMs < Math.max(1000, patience * this.#baseMs)) return;
    if (calls >= fewCalls) this.#judge(calls, lengthMs, now);
    this.#restart(now);
  }

  #restart(now: number): void {
    this.#beganAt = now;
    this.#served = 0;
    this.#late = 0;
    this.#servedMs = 0;
    this.#servedSquares = 0;
    this.#sumMs = 0;
    this.#sumOfSquares = 0;
    this.#peak = this.#inFlight;
    this.#refused = 0;
  }

  #judge(calls: number, lengthMs: number, now: number): void {
    const meanMs = this.#sumMs / calls;
    if (this.#phase === 'open') {
      if (this.#served < tellingShare * calls) this.#judgeOpen(calls, lengthMs, meanMs, this.#sumOfSquares);
      else this.#judgeOpen(this.#served, lengthMs, this.#servedMs / this.#served, this.#servedSquares);
    } else if (this.#phase === 'bound') this.#judgeBound(calls, lengthMs, meanMs, now);
    this.#place();
  }

  #judgeOpen(calls: number, lengthMs: number, meanMs: number, squares: number): void {
    const doubt = (surely * this.#spread) / Math.sqrt(calls);
    const inLoopMs = loopDoubt * this.#peak * this.#options.loop.costMs;
    const waits = meanMs > this.#baseMs + Math.max(queuedMs, inLoopMs);
    if (waits && meanMs > this.#baseMs * Math.max(queuedRatio, 1 + doubt) && this.#peak >= queuedCalls) {
      this.#perMs = this.#served / lengthMs;
      this.#bound = this.#inFlight;
      this.#beginProbe();
      return;
    }
    if (this.#refused > 0 && (!waits || meanMs < notQueued * this.#baseMs))
      this.#openLimit = Math.min(this.#options.max, this.#openLimit * 2);
    this.#learnBase(calls, meanMs, squares, lengthMs);
  }

  #judgeBound(calls: number, lengthMs: number, meanMs: number, now: number): void {
    const perMs = this.#served / lengthMs;
    const used = (calls * meanMs) / lengthMs;
    const isBinding = this.#refused > 0 && used >= inUse * this.#limit;
    if (!isBinding) {
      if (perMs > this.#perMs) this.#perMs = perMs;
      if (this.#peak <= this.#perMs * this.#baseMs) this.#learnBase(calls, meanMs, this.#sumOfSquares, lengthMs);
      if (this.#refused > 0 && meanMs < notQueued * this.#baseMs) this.#perMs *= widen;
      if (now - this.#lastRefusalAt > forgetMs) this.#phase = 'open';
      return;
    }
    // So few run that there can be no queue worth the name: what they take is what calls take.
    if (wantedFor(this.#perMs * this.#baseMs) <= this.#options.min && meanMs > this.#baseMs) this.#baseMs = meanMs;
    this.#sinceProbe++;
    const doubt = Math.max(0.2, (3 * this.#spread) / Math.sqrt(calls));
    const isOther = Math.abs(perMs - this.#perMs) > doubt * this.#perMs;
    this.#perMs = isOther ? perMs : this.#perMs + (perMs - this.#perMs) * 0.3;
    const moved = this.#perMs / this.#perMsMeasured - 1;
    if (Math.abs(moved) > Math.max(moved < 0 ? fallen : risen, this.#spread / Math.sqrt(calls / 2))) {
      this.#probeEvery = probeEvery;
      this.#isSuspect = true;
    }
    if (this.#probeBegan === 0 && (this.#isSuspect || this.#sinceProbe >= this.#probeEvery)) this.#beginProbe();
  }

  /** What calls take while there is room for all. Upwards slowly: a queue that grows must not become the base. */
  #learnBase(calls: number, meanMs: number, squares: number, lengthMs: number): void {
    const most = meanMs > this.#baseMs ? lengthMs / riseMs : 1;
    const weight = Math.min(most, calls / (calls + 400));
    this.#baseMs += (meanMs - this.#baseMs) * weight;
    const variance = Math.max(0, squares / calls - meanMs * meanMs);
    this.#spread += (Math.sqrt(variance) / meanMs - this.#spread) * (calls / (calls + 200));
  }

  #beginProbe(): void {
    this.#phase = 'probe';
    this.#sinceProbe = 0;
    this.#probe++;
    this.#probeBegan = 0;
    this.#probeEnded = 0;
    this.#probeSumMs = 0;
    this.#place();
  }

  /** Enough calls to measure have begun: the limit is lifted again. */
  #endProbe(now: number): void {
    // Where very few may run it takes as long as it takes: without it a limit that is too low would stay so.
    if (this.#probeBegan < leastProbeCalls) return;
    if (this.#probeBegan < probeCalls && now - this.#probeFrom < Math.max(windowMs, this.#baseMs)) return;
    this.#phase = 'bound';
    this.#restart(now);
    this.#place();
  }

  /** Nearly all of them have ended: the first that end are the quick ones, and would not do. */
  #endMeasurement(now: number): void {
    const isLate = now - this.#probeFrom >= Math.max(1000, patience * this.#baseMs);
    const isWhole = this.#phase !== 'unknown' || this.#probeBegan >= windowCalls;
    if ((!isWhole || this.#probeEnded < this.#probeBegan * 0.95) && !isLate) return;
    if (this.#probeEnded >= fewCalls) this.#rebase(this.#probeSumMs / this.#probeEnded, this.#probeEnded);
    else if (this.#phase === 'unknown') return;
    this.#probeBegan = 0;
    this.#probeEnded = 0;
    this.#probeSumMs = 0;
    this.#probe++;
    this.#place();
  }

  #rebase(meanMs: number, calls: number): void {
    if (this.#phase === 'unknown') {
      this.#phase = 'open';
      this.#baseMs = meanMs;
      return;
    }
    const ratio = meanMs / this.#baseMs;
    const doubts = this.#isSuspect ? 1.5 : 3;
    const isNew = Math.abs(ratio - 1) > Math.max(0.3, (doubts * this.#spread) / Math.sqrt(calls));
    this.#isSuspect = isNew && ratio > maxRaise;
    this.#perMsMeasured = this.#perMs;
    this.#baseMs *= isNew ? Math.min(maxRaise, ratio) : 1 + (ratio - 1) * 0.3;
    this.#probeEvery = isNew ? probeEvery : Math.min(maxProbeEvery, this.#probeEvery * 2);
  }

  #place(): void {
    const { min, max } = this.#options;
    if (!this.isBound) {
      this.#limit = Math.min(max, this.#openLimit);
      return;
    }
    const atATime = this.#perMs * this.#baseMs;
    if (this.#phase === 'probe') {
      this.#limit = Math.min(max, Math.max(1, Math.round(probeGain * atATime)));
      return;
    }
    const wanted = Math.max(this.#bound * maxFall, Math.min(this.#bound / maxFall, wantedFor(atATime)));
    this.#bound = Math.min(max, Math.max(min, wanted));
    this.#limit = Math.round(this.#bound);
  }
}

/** Chance leaves few places empty more often than many: the root makes up for it. */
function wantedFor(atATime: number): number {
  return gain * atATime + Math.sqrt(atATime);
}
