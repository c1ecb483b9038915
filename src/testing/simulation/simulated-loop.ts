import type { Clock, Timer } from '../../concurrency/index.ts';
import type { Simulation } from './simulation.ts';

/** Called when a turn has ended, with its begin and end on the loop's clock. */
export type TurnListener = (startedAt: number, endedAt: number) => void;

/** Done in a turn. Gives how long it keeps the loop, in ms; `then` is called after that. */
export interface Work {
  begin(): number;
  end(): void;
}

/**
 * The event loop of a Node process: one thing at a time. In each turn it takes everything that has come since the turn
 * began before, timers first, and does it without a pause; meanwhile the world outside goes on, and waits.
 */
export class SimulatedLoop {
  /** Its timers are late when the loop is busy, as those of a process are. */
  readonly clock: Clock;
  /** When the turn began that goes on now, or that ended last; on the loop's clock. */
  turnStartedAt = 0;
  /** How many turns have begun. */
  turns = 0;
  readonly #world: Simulation;
  readonly #skewMs: number;
  readonly #listeners: TurnListener[] = [];
  #timers: LoopTimer[] = [];
  #works: Work[] = [];
  #turnTimers: LoopTimer[] = [];
  #turnWorks: Work[] = [];
  #nextTimer = 0;
  #nextWork = 0;
  #current: Work | undefined;
  #isBusy = false;
  #activeMs = 0;
  readonly #resume: () => void;

  constructor(world: Simulation, skewMs = 0) {
    this.#world = world;
    this.#skewMs = skewMs;
    const { clock } = world;
    const at = (time: number, fn: () => void) => {
      const timer = new LoopTimer(fn);
      clock.at(time - skewMs, () => this.#timeout(timer));
      return timer;
    };
    this.clock = {
      now: () => clock.now() + skewMs,
      after: (ms, fn) => at(clock.now() + skewMs + Math.max(0, ms), fn),
      at,
    };
    this.#resume = () => this.#continue();
  }

  /** How long the loop was busy so far, in ms; what is not busy is idle. Whole only up to the last turn's end. */
  get activeMs(): number {
    return this.#isBusy ? this.#activeMs + this.clock.now() - this.turnStartedAt : this.#activeMs;
  }

  /** How long it waited for something to do, in ms: the rest. */
  get idleMs(): number {
    return this.#world.clock.now() - this.activeMs;
  }

  /** Is told of each turn when it has ended. */
  onTurn(listener: TurnListener): void {
    this.#listeners.push(listener);
  }

  /** To be done in the next turn, which begins at once if the loop is idle. */
  push(work: Work): void {
    this.#works.push(work);
    if (!this.#isBusy) this.#turn();
  }

  #timeout(timer: LoopTimer): void {
    if (timer.fn === undefined) return;
    this.#timers.push(timer);
    if (!this.#isBusy) this.#turn();
  }

  #turn(): void {
    this.#isBusy = true;
    do {
      this.turns++;
      this.turnStartedAt = this.#world.clock.now() + this.#skewMs;
      [this.#timers, this.#turnTimers] = [this.#turnTimers, this.#timers];
      [this.#works, this.#turnWorks] = [this.#turnWorks, this.#works];
      if (!this.#drain()) return;
    } while (this.#works.length > 0 || this.#timers.length > 0);
    this.#isBusy = false;
  }

  /** Does what the turn has taken; false if it now waits for a piece of work to take its time. */
  #drain(): boolean {
    while (this.#nextTimer < this.#turnTimers.length) this.#turnTimers[this.#nextTimer++]!.fire();
    while (this.#nextWork < this.#turnWorks.length) {
      const work = this.#turnWorks[this.#nextWork++]!;
      const ms = work.begin();
      if (ms > 0) {
        this.#current = work;
        this.#world.clock.after(ms, this.#resume);
        return false;
      }
      work.end();
    }
    this.#turnTimers.length = this.#turnWorks.length = this.#nextTimer = this.#nextWork = 0;
    const endedAt = this.clock.now();
    // After it, this turn still counts as one that goes on.
    for (const listener of this.#listeners) listener(this.turnStartedAt, endedAt);
    this.#activeMs += endedAt - this.turnStartedAt;
    return true;
  }

  #continue(): void {
    const work = this.#current!;
    this.#current = undefined;
    work.end();
    if (!this.#drain()) return;
    this.#isBusy = false;
    if (this.#works.length > 0 || this.#timers.length > 0) this.#turn();
  }
}

class LoopTimer implements Timer {
  fn: (() => void) | undefined;

  constructor(fn: () => void) {
    this.fn = fn;
  }

  stop(): boolean {
    const pending = this.fn !== undefined;
    this.fn = undefined;
    return pending;
  }

  fire(): void {
    const { fn } = this;
    this.fn = undefined;
    fn?.();
  }
}
