import type { Admit } from '../../../src/call/index.ts';
import { StatusError } from '../../../src/errors/index.ts';
import type { SimulatedLoop } from '../../../src/testing/index.ts';
import { Buckets, SmoothedCpu } from './windows.ts';

/**
 * The rule of go-zero's adaptive shedder: from 90 % of CPU on, and for a second after a drop, it refuses where the calls
 * at a time, now and smoothed by 0.9, exceed what the best bucket has finished in the shortest mean time, lowered as the
 * CPU nears 100 %. CPU is sampled each 250 ms and smoothed by 0.95.
 */
export function cpuShedder(loop: SimulatedLoop): Admit {
  const { clock } = loop;
  const cpu = new SmoothedCpu(clock, 250, () => loop.activeMs);
  const passed = new Buckets(5_000, 50);
  const times = new Buckets(5_000, 50);
  const rejection = { admitted: false, error: new StatusError('resource_exhausted', 'cpu') } as const;
  let inFlight = 0;
  let smoothed = 0;
  let droppedAt = Number.NEGATIVE_INFINITY;
  const overloadFactor = () => Math.min(1, Math.max(0.1, (1000 - cpu.value) / (1000 - 900)));
  const isHighThroughput = (now: number) => {
    const maxFlight = (passed.maxCount(now) * times.minMean(now, 1000) * 10) / 1000;
    const limit = Math.max(1, maxFlight) * overloadFactor();
    return smoothed > limit && inFlight > limit;
  };
  return () => {
    const now = clock.now();
    const isHot = now - droppedAt < 1000;
    if ((cpu.value >= 900 || isHot) && isHighThroughput(now)) {
      droppedAt = now;
      return rejection;
    }
    inFlight++;
    return {
      admitted: true,
      done: ({ error }) => {
        inFlight--;
        smoothed = smoothed * 0.9 + inFlight * 0.1;
        const endedAt = clock.now();
        if (error !== undefined) return;
        times.add(endedAt, Math.ceil(endedAt - now));
        passed.add(endedAt, 1);
      },
    };
  };
}
