import { type Clock, systemClock } from './clock.ts';

/**
 * The machine's clock, looked at once in a turn of the event loop: within a turn its time stands still, and so it lags by the
 * length of the turn at most. A look at the system's clock takes longer than a limiter or a breaker takes to decide, and to
 * them a few milliseconds are nothing. Not for measuring how long something took. Its timers are the system's.
 *
 * Costs one immediate in each turn in which it is read, and nothing while it is not.
 */
export const turnClock: Clock = createTurnClock();

function createTurnClock(): Clock {
  let time = 0;
  let isKnown = false;
  const forget = () => {
    isKnown = false;
  };
  return {
    now() {
      if (isKnown) return time;
      isKnown = true;
      // Immediates run after everything that the sockets have brought in this turn.
      setImmediate(forget);
      time = systemClock.now();
      return time;
    },
    after: systemClock.after,
    at: systemClock.at,
  };
}
