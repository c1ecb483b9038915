import { defineErrors } from '../errors/index.ts';

/** Why a guard refused a call: nothing of it was done. */
export const GuardErrors = defineErrors('flotilla', {
  BREAKER_OPEN: { code: 'unavailable', description: 'calls to the dependency keep failing; this one was not sent' },
});
