import { defineErrors } from '../errors/index.ts';

/** Why a guard refused a call: nothing of it was done. */
export const GuardErrors = defineErrors('flotilla', {
  BREAKER_OPEN: { code: 'unavailable', description: 'calls to the dependency keep failing; this one was not sent' },
  RATE_LIMITED: { code: 'resource_exhausted', description: 'the caller has used up its limit of calls' },
  QUOTA_EXHAUSTED: { code: 'resource_exhausted', description: 'the tenant has used up its share of a quota' },
  BULKHEAD_FULL: { code: 'resource_exhausted', description: 'as many calls run and wait for it as may' },
  OVERLOADED: { code: 'unavailable', description: 'the server has more to do than it can; this call was not begun' },
  DEADLINE_TOO_SHORT: {
    code: 'deadline_exceeded',
    description: 'the call could not have been answered in the time that its caller waits; it was not begun',
  },
});
