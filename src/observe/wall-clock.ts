import { type Clock, systemClock } from '../concurrency/index.ts';

/** Time since the Unix epoch, derived from a monotonic clock: it does not jump within an export interval. */
export interface WallClock {
  /** Milliseconds since the epoch, with a fraction. */
  epochMs(): number;
  /** Follows the machine's clock again where the two have drifted apart. */
  resync(): void;
}

const toleratedDriftMs = 50;

export function wallClock(clock: Clock): WallClock {
  const isVirtual = clock !== systemClock;
  // timeOrigin is exact to the microsecond, Date.now() only to the millisecond: spans of two processes must line up.
  let offset = isVirtual ? Date.now() - clock.now() : performance.timeOrigin;
  return {
    epochMs: () => offset + clock.now(),
    resync() {
      // A virtual clock is right by definition: the machine's time has nothing to tell it.
      if (isVirtual) return;
      const drift = Date.now() - (offset + clock.now());
      if (Math.abs(drift) > toleratedDriftMs) offset += drift;
    },
  };
}
