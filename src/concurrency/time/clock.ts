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
}

/** setTimeout fires at once for a longer delay than this (2^31 - 1 ms, about 25 days). */
const maxDelayMs = 0x7fffffff;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    const due = performance.now() + ms;
    let handle: ReturnType<typeof setTimeout>;
    let pending = true;
    const fire = () => {
      const left = due - performance.now();
      if (left > 0) return arm(left);
      pending = false;
      fn();
    };
    const arm = (left: number) => {
      handle = setTimeout(fire, Math.min(Math.ceil(left), maxDelayMs));
    };
    arm(Math.max(0, ms));
    return {
      stop() {
        const prevented = pending;
        pending = false;
        clearTimeout(handle);
        return prevented;
      },
    };
  },
};
