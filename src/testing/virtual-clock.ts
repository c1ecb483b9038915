import type { Clock, Timer } from '../concurrency/index.ts';

/** A clock that moves only when told to. */
export interface VirtualClock extends Clock {
  /**
   * Moves `ms` ahead and calls, in order of time, all timers that become due, also those that a call arms on the way.
   * Between two of them it lets promises settle, so that what waits on one timer can arm the next.
   */
  advance(ms: number): Promise<void>;
  /** How many timers are pending. */
  readonly pending: number;
}

/** Starts at 0. For what takes a Clock or, through `rootContext(clock)`, a Context. */
export function virtualClock(): VirtualClock {
  const timers = new Set<{ readonly due: number; readonly fn: () => void }>();
  let now = 0;
  const at = (due: number, fn: () => void): Timer => {
    const timer = { due, fn };
    timers.add(timer);
    return { stop: () => timers.delete(timer) };
  };
  return {
    now: () => now,
    after: (ms, fn) => at(now + Math.max(0, ms), fn),
    at,
    async advance(ms) {
      if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
        throw new RangeError(`advance: ${ms} is not a number of milliseconds from 0`);
      const end = now + ms;
      await settle();
      for (;;) {
        // A Set keeps the order of insertion: of two timers due at the same time the one armed first comes first.
        let next: { readonly due: number; readonly fn: () => void } | undefined;
        for (const timer of timers) if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.due);
        next.fn();
        await settle();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Two turns of the loop: promises, then what they queued for the next turn (streams, sockets in memory). */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
