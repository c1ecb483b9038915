import { checkRange } from '../check-option.ts';
import type { OutlierOptions } from './outlier.ts';

/** The least and the largest value of each option. */
const ranges: Readonly<Record<keyof OutlierOptions, readonly [min: number, max: number]>> = {
  intervalMs: [10, 3_600_000],
  intervals: [2, 60],
  minCalls: [1, 1_000_000],
  consecutiveFailures: [1, 10_000],
  failureShare: [0.01, 1],
  deviations: [0.5, 100],
  minDeviationNodes: [3, 10_000],
  minDeviationShare: [0, 1],
  slowFactor: [1.5, 1_000],
  minSlowMs: [0, 60_000],
  maxEjectedShare: [0, 0.5],
  ejectionMs: [1, 86_400_000],
  maxEjectionMs: [1, 86_400_000],
  slowStartMs: [0, 3_600_000],
  slowStartShare: [0.01, 1],
  slowStartAggression: [0.1, 10],
};

const names = Object.keys(ranges) as (keyof OutlierOptions)[];

/** Just the options of `given`, changed by `change`. Throws a RangeError that names the option and its range. */
export function checkedOutlierOptions(given: OutlierOptions, change: Partial<OutlierOptions> = {}): OutlierOptions {
  const checked = {} as { -readonly [name in keyof OutlierOptions]: number };
  for (const name of names) {
    checked[name] = change[name] ?? given[name];
    checkRange('outlierDetector', name, checked[name], ...ranges[name]);
  }
  checkWhole('intervals', checked.intervals);
  if (checked.maxEjectionMs < checked.ejectionMs)
    throw new RangeError(
      `outlierDetector: maxEjectionMs is ${checked.maxEjectionMs}; it must not be below ejectionMs, ${checked.ejectionMs}`,
    );
  return checked;
}

function checkWhole(name: string, value: number): void {
  if (!Number.isInteger(value)) throw new RangeError(`outlierDetector: ${name} is ${value}; give a whole number`);
}
