import { SystemTimers } from './system-timers.ts';

/** A pending callback. `stop` reports whether it prevented the call; a second `stop` returns false. */
export interface Timer {
  stop(): boolean;
}

/**
 * The one source of time below `app`: monotonic milliseconds since an arbitrary start, so that a virtual clock can drive
 * everything in a test. Never compare its values between processes, and never store them.
 */
export interface Clock {
  now(): number;
  /** Calls `fn` once, at least `ms` from now. A pending timer keeps the process alive. */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` once, when `now()` has reached `time`, and never from within this call. Costs no look at the clock. */
  at(time: number, fn: () => void): Timer;
}

const timers = new SystemTimers();

/** The clock of the machine. All its timers share one timing wheel and one timer of the platform. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, fn) => timers.at(performance.now() + Math.max(0, ms), fn),
  at: (time, fn) => timers.at(time, fn),
};
