import type { LoopWindow } from '../signals/signals.ts';
import type { Demand } from './admission-level.ts';

/** The loop had something to do all the time: chance and clocks leave no more idle than this. */
const maxIdleShare = 0.02;
/** A turn of fewer calls is long because they are, and not because there are too many. */
const callsOfQueue = 6;
/** Where calls are longer than the target, a turn begins so many, or chance would leave the loop idle between them. */
const callsOfTurn = 1.5;
/**
 * Critical calls may use so many budgets of a turn, since one long call before them must not be what refuses them, and begin so
 * many where calls are longer than that.
 */
const criticalBudgets = 20;
const criticalCalls = 9;
/** The same when what comes seems to fit again. */
const easedBudgets = 4;
const easedCalls = 4;
/** So many calls make a turn long where nobody knows yet what one takes; and so many whatever they took before. */
const manyUnknown = 6;
const many = 64;
/** Calls may take so many times as long as usual by chance. */
const chance = 8;
/** While so few are refused for the turn, compared to those that are taken on, there is still room. */
const tolerated = 0.05;
/** The loop's windows may be shorter, which is too few arrivals to set a level by. */
const levelWindowMs = 80;
/** Calls that settle what one takes. */
const callsOfCost = 50;

/** `some`: there was a queue, but what comes seems to fit by now. */
export type Pressure = 'none' | 'some' | 'much';

/** How long a turn may take calls: see `OverloadSettings`. */
export interface TurnLimits {
  readonly standingMs: number;
  readonly targetMs: number;
}

/** What the windows of the loop say about the calls of a server: what one costs, and whether there are too many. */
export class LoopLoad {
  #taken = 0;
  #refused = 0;
  #expired = 0;
  #lengthMs = 0;
  #idleMs = 0;
  #minTurnMs = Number.POSITIVE_INFINITY;
  /** What a call keeps the loop busy for. */
  #costMs = 0;
  #idleShare = 0;

  /** How much of the time that was judged last the loop had nothing to do. */
  get idleShare(): number {
    return this.#idleShare;
  }

  /** What a call keeps the loop busy for; 0 before that is known. */
  get costMs(): number {
    return this.#costMs;
  }

  took(): void {
    this.#taken++;
  }

  /** A call was refused because the turn had gone on for too long. */
  refused(): void {
    this.#refused++;
  }

  /** A call was refused because the turn had used up its time. */
  expired(): void {
    this.#expired++;
  }

  /** Whether a turn is long because of the calls that it took; else the process stood still, or did something else. */
  explains(turnMs: number, taken: number): boolean {
    if (this.#costMs === 0) return taken >= manyUnknown;
    return taken >= many || chance * taken * this.#costMs >= turnMs;
  }

  /** How long a turn may have gone on to take one more call. */
  budgetMs(isCritical: boolean, pressure: Pressure, limits: TurnLimits): number {
    const { standingMs, targetMs } = limits;
    const cost = this.#costMs;
    if (pressure === 'none')
      return isCritical
        ? criticalBudgets * this.budgetMs(false, pressure, limits)
        : Math.max(standingMs, callsOfQueue * cost);
    if (isCritical) return Math.max(criticalBudgets * targetMs, criticalCalls * cost);
    return pressure === 'some'
      ? Math.max(easedBudgets * targetMs, easedCalls * cost)
      : Math.max(targetMs, callsOfTurn * cost);
  }

  /** Takes a window in. Gives how long the arrivals are that a level may be set by now, or 0: more have to come. */
  add({ lengthMs, idleShare, minTurnMs }: LoopWindow, isOverloaded: boolean): number {
    this.#lengthMs += lengthMs;
    this.#idleMs += lengthMs * idleShare;
    this.#minTurnMs = Math.min(this.#minTurnMs, minTurnMs);
    return isOverloaded && this.#lengthMs < levelWindowMs ? 0 : this.#lengthMs;
  }

  /** What there was to do since the last call. Begins anew. */
  judge(isOverloaded: boolean, limits: TurnLimits): Demand {
    const busyMs = this.#lengthMs - this.#idleMs;
    if (this.#taken > 0) {
      const weight = this.#costMs === 0 ? 1 : Math.min(1, this.#taken / callsOfCost);
      this.#costMs += (busyMs / this.#taken - this.#costMs) * weight;
    }
    const isQueued =
      this.#expired > tolerated * this.#taken ||
      (isOverloaded
        ? this.#refused > tolerated * this.#taken || this.#minTurnMs > 2 * this.budgetMs(false, 'much', limits)
        : this.#minTurnMs >= this.budgetMs(false, 'none', limits));
    this.#idleShare = this.#lengthMs > 0 ? this.#idleMs / this.#lengthMs : 0;
    this.#taken = 0;
    this.#refused = 0;
    this.#expired = 0;
    this.#lengthMs = 0;
    this.#idleMs = 0;
    this.#minTurnMs = Number.POSITIVE_INFINITY;
    if (this.#idleShare >= maxIdleShare) return 'room';
    return isQueued ? 'queued' : 'busy';
  }
}
