import { type Tracked, tracker } from '../parking/tracking.ts';
import type { Timer } from './clock.ts';
import { TimerWheel, WheelEntry } from './timer-wheel.ts';

/** setTimeout fires at once for a longer delay than this (2^31 - 1 ms, about 25 days). */
const maxDelayMs = 0x7fffffff;

/**
 * All timers of a process on one wheel with ticks of a millisecond, driven by one timer of the platform, which is set for
 * the next tick of interest. Arming and stopping one of ours then costs some nanoseconds, where setTimeout and
 * clearTimeout cost some hundred: a wait with a deadline arms and stops one each time it parks.
 */
export class SystemTimers {
  readonly #wheel = new TimerWheel();
  #handle: NodeJS.Timeout | undefined;
  /** The tick that the platform's timer is set for. */
  #setFor = Number.POSITIVE_INFINITY;
  #isIdleCheckPending = false;

  /** As `Clock.at`, on the scale of performance.now(). */
  at(time: number, fn: () => void): Timer {
    const timer = new SystemTimer(time, fn, this);
    this.#wheel.insert(timer);
    tracker?.armed(timer);
    // Also for one that never comes due: it keeps the process alive.
    if (timer.tick < this.#setFor || this.#handle === undefined) this.#set();
    if (this.#wheel.size === 1) this.#handle?.ref();
    return timer;
  }

  stop(timer: SystemTimer): boolean {
    if (!this.#wheel.remove(timer)) return false;
    tracker?.disarmed(timer);
    // Without timers the process may end. Most often the next one comes within the same turn, so look at its end.
    if (this.#wheel.size === 0 && !this.#isIdleCheckPending) {
      this.#isIdleCheckPending = true;
      setImmediate(this.#idleCheck);
    }
    return true;
  }

  readonly #idleCheck = () => {
    this.#isIdleCheckPending = false;
    if (this.#wheel.size === 0) this.#handle?.unref();
  };

  readonly #fire = () => {
    this.#setFor = Number.POSITIVE_INFINITY;
    this.#handle = undefined;
    try {
      this.#wheel.advance(Math.floor(performance.now()));
    } finally {
      this.#set();
    }
  };

  /** Sets the platform's timer for what comes next. */
  #set(): void {
    const next = this.#wheel.next();
    if (next === undefined || next >= this.#setFor) return;
    clearTimeout(this.#handle);
    this.#setFor = next;
    const delay = Math.ceil(next - performance.now());
    this.#handle = setTimeout(this.#fire, Math.min(Math.max(1, delay), maxDelayMs));
  }
}

class SystemTimer extends WheelEntry implements Timer, Tracked {
  readonly #fn: () => void;
  readonly #timers: SystemTimers;

  constructor(time: number, fn: () => void, timers: SystemTimers) {
    // Rounded up: never early.
    super(Math.ceil(time));
    this.#fn = fn;
    this.#timers = timers;
  }

  stop(): boolean {
    return this.#timers.stop(this);
  }

  fire(): void {
    tracker?.disarmed(this);
    try {
      this.#fn();
    } catch (error) {
      // As an error in a setTimeout: uncaught, and no reason for the other timers not to fire.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  describe(): string {
    return `timer due in ${Math.max(0, Math.round(this.tick - performance.now()))} ms`;
  }
}
