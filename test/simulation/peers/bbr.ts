import type { Admit } from '../../../src/call/index.ts';
import { StatusError } from '../../../src/errors/index.ts';
import type { SimulatedLoop } from '../../../src/testing/index.ts';
import { Buckets, SmoothedCpu } from './windows.ts';

/**
 * The rule of aegis' BBR limiter: from 80 % of CPU on, and for a second after the first drop, no more calls at a time
 * than the best tenth of a second has finished in the shortest mean time. CPU is sampled each 500 ms and smoothed by 0.95.
 */
export function bbr(loop: SimulatedLoop): Admit {
  const { clock } = loop;
  const cpu = new SmoothedCpu(clock, 500, () => loop.activeMs);
  const passed = new Buckets(10_000, 100);
  const times = new Buckets(10_000, 100);
  const rejection = { admitted: false, error: new StatusError('resource_exhausted', 'bbr') } as const;
  let inFlight = 0;
  let firstDropAt: number | undefined;
  const maxInFlight = (now: number) =>
    Math.floor((passed.maxCount(now) * Math.ceil(times.minMean(now, 1)) * 10) / 1000 + 0.5);
  const shouldDrop = (now: number) => {
    if (cpu.value < 800) {
      if (firstDropAt === undefined) return false;
      if (now - firstDropAt > 1000) {
        firstDropAt = undefined;
        return false;
      }
      return inFlight > 1 && inFlight > maxInFlight(now);
    }
    const drop = inFlight > 1 && inFlight > maxInFlight(now);
    if (drop) firstDropAt ??= now;
    return drop;
  };
  return () => {
    if (shouldDrop(clock.now())) return rejection;
    inFlight++;
    const startedAt = clock.now();
    return {
      admitted: true,
      done: ({ error }) => {
        inFlight--;
        const now = clock.now();
        times.add(now, Math.max(1, Math.ceil(now - startedAt)));
        if (error === undefined) passed.add(now, 1);
      },
    };
  };
}
