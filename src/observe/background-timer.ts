import { type Clock, systemClock, type Timer } from '../concurrency/index.ts';

/**
 * Like `clock.after`, for work that alone must not keep the process alive: sending telemetry in a while. What is still
 * buffered when the process ends by itself is lost; `close` is what sends it.
 */
export function backgroundTimer(clock: Clock, ms: number, fn: () => void): Timer {
  if (clock !== systemClock) return clock.after(ms, fn);
  let pending = true;
  const handle = setTimeout(() => {
    pending = false;
    fn();
  }, ms);
  handle.unref();
  return {
    stop() {
      const prevented = pending;
      pending = false;
      clearTimeout(handle);
      return prevented;
    },
  };
}
