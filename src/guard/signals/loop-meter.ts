import type { Clock } from '../../concurrency/index.ts';
import type { LoopSignal, LoopWindow } from './signals.ts';

export interface LoopMeterOptions {
  readonly clock: Clock;
  /** How long the loop has been idle since it was started, in ms. Read once per window and after a pause. */
  readonly idleMs: () => number;
  /** Called when a turn begins; must see to it that {@link LoopMeter.endTurn} is called at its end. */
  readonly onBegin: () => void;
}

/** A window is at least so long, and has at least so many turns: one alone may be long for reasons of its own. */
const windowMs = 100;
const minTurns = 2;
/** A turn of this length begins a window of its own, so that the short ones before it do not hide what has begun. */
const longTurnMs = 25;

/**
 * Sums up turns in windows, for whoever knows where a turn begins and ends: the shell around the real event loop, or a
 * simulation.
 */
export class LoopMeter implements LoopSignal {
  readonly #clock: Clock;
  readonly #idleMs: () => number;
  readonly #onBegin: () => void;
  #isRunning = false;
  #turnBeganAt = 0;
  #window: LoopWindow;
  #beganAt: number;
  #idleBefore: number;
  #turns = 0;
  #minTurnMs = Number.POSITIVE_INFINITY;
  #maxTurnMs = 0;

  constructor({ clock, idleMs, onBegin }: LoopMeterOptions) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onBegin = onBegin;
    this.#beganAt = clock.now();
    this.#idleBefore = idleMs();
    this.#window = { endedAt: this.#beganAt, lengthMs: 0, turns: 0, minTurnMs: 0, maxTurnMs: 0, idleShare: 1 };
  }

  turnMs(): number {
    const now = this.#clock.now();
    if (this.#isRunning) return now - this.#turnBeganAt;
    this.#isRunning = true;
    this.#turnBeganAt = now;
    // Nobody has called for a while: what was measured before says nothing any more.
    if (now - this.#beganAt >= pauseMs) this.#endWindow(now);
    this.#onBegin();
    return 0;
  }

  /** The turn is over: whatever comes next has been waiting for it. */
  endTurn(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    const now = this.#clock.now();
    const lengthMs = now - this.#turnBeganAt;
    if (lengthMs >= longTurnMs && this.#turns > 0 && this.#minTurnMs < longTurnMs) this.#endWindow(this.#turnBeganAt);
    this.#turns++;
    if (lengthMs < this.#minTurnMs) this.#minTurnMs = lengthMs;
    if (lengthMs > this.#maxTurnMs) this.#maxTurnMs = lengthMs;
    if (this.#turns >= minTurns && now - this.#beganAt >= windowMs) this.#endWindow(now);
  }

  window(): LoopWindow {
    return this.#window;
  }

  #endWindow(now: number): void {
    const idle = this.#idleMs();
    const lengthMs = now - this.#beganAt;
    this.#window = {
      endedAt: now,
      lengthMs,
      turns: this.#turns,
      minTurnMs: this.#turns === 0 ? 0 : this.#minTurnMs,
      maxTurnMs: this.#maxTurnMs,
      idleShare: lengthMs === 0 ? 1 : Math.min(1, Math.max(0, (idle - this.#idleBefore) / lengthMs)),
    };
    this.#beganAt = now;
    this.#idleBefore = idle;
    this.#turns = 0;
    this.#minTurnMs = Number.POSITIVE_INFINITY;
    this.#maxTurnMs = 0;
  }
}

/** After so long without an end of a window, the next turn begins a new one. */
const pauseMs = 2 * windowMs;
