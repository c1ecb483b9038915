import { type RetryPolicy, type RetryVerdict, retryPolicy } from '../../../src/guard/index.ts';

/** Three tries of whatever fails, at once, by every tier: what a loop around a call does. */
export function plainRetries(): RetryPolicy {
  return {
    ...retryPolicy(),
    decide({ attempt }): RetryVerdict {
      if (attempt < 3) return { retry: true, waitMs: 0, isFree: false };
      return { retry: false, why: 'attempts' };
    },
  };
}
