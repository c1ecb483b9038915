import { type CallHead, type Outcome, type Permit, priorities } from '../../call/index.ts';
import type { Clock } from '../../concurrency/index.ts';
import { AdmissionLevel } from './admission-level.ts';
import { ConcurrencyLimit, type ConcurrencyLimitOptions, type ServedAs } from './concurrency-limit.ts';
import { type DecisionCount, type MethodSnapshot, type OverloadDecision, overloadRefusals } from './overload-guard.ts';

const decisions: readonly OverloadDecision[] = ['admitted', ...overloadRefusals];

/** Probes must always get their answer: a busy server that is restarted for it makes everything worse. */
const healthPath = / \/(?:healthz|livez|readyz)$/;
const healthService = 'grpc.health.v1.Health';

/**
 * How the limit is divided: up to `free` of it nobody is refused, up to `full`, and so many places more, whom the level lets in.
 * What matters less ends where the bottleneck is just busy, so that what matters more finds places, also where they are few.
 */
const parts: readonly { readonly free: number; readonly full: number; readonly extra: number }[] = [
  { free: 1, full: 1.3, extra: 5 },
  { free: 0.85, full: 1, extra: 3 },
  { free: 0.6, full: 0.75, extra: 0 },
  { free: 0.5, full: 0.65, extra: 0 },
];
const ranks = priorities.length;
const levelWindowMs = 100;
/** More refusals than this share for want of room: the level has to cut. */
const fullShare = 0.02;
/** A call that lasts so long is a stream or a long poll, whose duration says nothing. */
const longMs = 30_000;
/** Calls before the quickest of them counts as what a call takes at least; and how many until it is found anew. */
const quickCalls = 64;

/** What a guard knows of one method. */
export class MethodState {
  readonly name: string;
  readonly isHealth: boolean;
  readonly concurrency: ConcurrencyLimit;
  readonly #random: () => number;
  readonly #counts = new Float64Array(priorities.length * decisions.length);
  #level: AdmissionLevel | undefined;
  #levelBeganAt = 0;
  #full = 0;
  #taken = 0;
  #quickMs = 0;
  #nextQuickMs = Number.POSITIVE_INFINITY;
  #quickCount = 0;

  constructor(name: string, { service, method }: CallHead, now: number, options: MethodOptions) {
    this.name = name;
    this.isHealth = service === healthService || healthPath.test(method);
    this.concurrency = new ConcurrencyLimit(options, now);
    this.#random = options.random;
  }

  /** What a call takes at least, in ms; 0 before that is known. */
  get quickMs(): number {
    return this.#quickMs;
  }

  /**
   * Whether one more call of this rank and level may run. Levels choose who gets the last places; while most are free nobody is
   * refused, so that a wrong cut cannot leave the bottleneck idle.
   */
  hasRoom(rank: number, level: number, now: number): boolean {
    const { concurrency } = this;
    const passes = this.#level === undefined || this.#passes(this.#level, level, now);
    const part = parts[rank]!;
    const { inFlight } = concurrency;
    // A moment of fewer calls, to measure, is made by those that matter least.
    const isSpared = rank === 0 || (this.#level !== undefined && this.#level.share * ranks >= rank + 1);
    const limit = isSpared ? concurrency.standingLimit : concurrency.limit;
    if (inFlight < limit * part.free) return this.#take();
    if (passes) {
      if (inFlight < limit * part.full + part.extra) return this.#take();
      this.#full++;
    }
    concurrency.refused(now);
    if (this.#level === undefined && concurrency.isBound) {
      this.#level = new AdmissionLevel(this.#random);
      this.#levelBeganAt = now;
      this.#taken = 0;
    }
    return false;
  }

  /** Whether levels are compared here: then they have to be known. */
  get needsLevel(): boolean {
    return this.#level !== undefined;
  }

  /** A call ended. `hasFailed` for another reason than its input. */
  left(token: number, now: number, { error, durationMs }: Outcome): void {
    const as = durationMs >= longMs ? 'unknown' : servedAs(error?.code);
    this.concurrency.leave(token, now, durationMs, as);
    if (as === 'served' && error === undefined) this.#learnQuick(durationMs);
  }

  count(rank: number, decision: number): void {
    const at = rank * decisions.length + decision;
    this.#counts[at] = this.#counts[at]! + 1;
  }

  snapshot(): MethodSnapshot {
    const { inFlight, limit, baseMs } = this.concurrency.snapshot();
    const counts: DecisionCount[] = [];
    for (const [rank, priority] of priorities.entries())
      for (const [index, decision] of decisions.entries()) {
        const count = this.#counts[rank * decisions.length + index]!;
        if (count > 0) counts.push({ priority, decision, count });
      }
    return { name: this.name, inFlight, limit, baseMs, level: this.#level?.share ?? 1, decisions: counts };
  }

  #take(): boolean {
    this.#taken++;
    this.#level?.took();
    return true;
  }

  #passes(gate: AdmissionLevel, level: number, now: number): boolean {
    const lengthMs = now - this.#levelBeganAt;
    if (lengthMs >= levelWindowMs) {
      gate.endWindow(this.#full > fullShare * this.#taken ? 'queued' : 'room', lengthMs);
      this.#levelBeganAt = now;
      this.#full = 0;
      this.#taken = 0;
      if (!gate.isCutting) this.#level = undefined;
    }
    return gate.admits(level);
  }

  #learnQuick(durationMs: number): void {
    if (durationMs < this.#nextQuickMs) this.#nextQuickMs = durationMs;
    if (durationMs < this.#quickMs) this.#quickMs = durationMs;
    if (++this.#quickCount < quickCalls) return;
    this.#quickMs = this.#nextQuickMs;
    this.#nextQuickMs = Number.POSITIVE_INFINITY;
    this.#quickCount = 0;
  }
}

export interface MethodOptions extends ConcurrencyLimitOptions {
  readonly random: () => number;
}

/** One call that was taken on. */
export class OverloadPermit implements Permit {
  readonly admitted = true;
  readonly #method: MethodState;
  readonly #clock: Clock;
  readonly #token: number;
  #isRunning = true;

  constructor(method: MethodState, clock: Clock, token: number) {
    this.#method = method;
    this.#clock = clock;
    this.#token = token;
  }

  streams(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#method.concurrency.release(this.#token);
  }

  done(outcome: Outcome): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#method.left(this.#token, this.#clock.now(), outcome);
  }
}

/** Refusals and callers that gave up were quick for other reasons than that the method is. */
function servedAs(code: string | undefined): ServedAs {
  if (code === undefined) return 'served';
  if (code === 'deadline_exceeded' || code === 'canceled') return 'late';
  return code === 'unavailable' || code === 'resource_exhausted' ? 'unknown' : 'served';
}
