import type { SeriesPoint } from '../../src/testing/index.ts';
import { guarded } from './guarded.ts';
import { capacityOf, type Policy, run } from './overload-scenario.ts';
import { bbr } from './peers/bbr.ts';
import { cpuShedder } from './peers/cpu-shedder.ts';

/** What a figure of a spike compares. */
export const policies: Readonly<Record<string, Policy>> = {
  guard: guarded,
  'no guard': undefined,
  'BBR behind a CPU gate': bbr,
  'shedder behind a CPU gate': cpuShedder,
};

export interface SpikeSeries {
  readonly policy: string;
  /** Calls per second that can be done. */
  readonly capacity: number;
  readonly points: readonly SeriesPoint[];
}

/**
 * A series for a figure: 5 s at 70 % of the capacity, 10 s at ten times, 15 s at 70 % again, in stretches of 200 ms, with
 * callers that wait 200 ms. `cpu`: calls of 1 ms on the loop; `io`: 20 connections of 20 ms.
 */
export function spikeSeries(kind: 'cpu' | 'io', policy: string, seed = 1): SpikeSeries {
  const scenario = { kind, meanMs: kind === 'cpu' ? 1 : 20, timeoutMs: 200, seed, policy: policies[policy] };
  const steps = [
    { atMs: 0, perSecond: 0.7 },
    { atMs: 5_000, perSecond: 10 },
    { atMs: 15_000, perSecond: 0.7 },
  ];
  const { table } = run(scenario, steps, 30_000);
  return { policy, capacity: capacityOf(scenario), points: table.series(200, { fromMs: 0, untilMs: 30_000 }) };
}
