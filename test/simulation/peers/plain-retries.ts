import { type RetryPolicy, retryPolicy } from '../../../src/guard/index.ts';
import type { Simulation } from '../../../src/testing/index.ts';

/** Three tries of whatever fails, at once, by every tier: what a loop around a call does. */
export function plainRetries(_world: Simulation): RetryPolicy {
  return {
    ...retryPolicy(),
    decide: ({ attempt }) => (attempt < 3 ? { retry: true, waitMs: 0 } : { retry: false, why: 'attempts' }),
  };
}
