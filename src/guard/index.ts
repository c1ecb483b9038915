/**
 * # flotilla/guard
 *
 * What keeps a service standing when it is asked for more than it can do, and a caller from making that worse: pure
 * decisions, each in nanoseconds, with the clock and the source of chance injected.
 *
 *     const limiter = gcra({ name: 'signup', limit: 5, windowMs: 60_000, clock });
 *     const decision = limiter.acquire(head);
 *     if (!decision.admitted) throw decision.error;
 *
 * Rules: nothing here waits, unless its name says so, and nothing here does I/O. Servers and clients use all of it by
 * default (`service/defaults.ts` has every number and the reason for it); what is here is for those who want to put it
 * together themselves.
 */
export type { Breaker, BreakerSnapshot, BreakerState, Ticket } from './breaker/breaker.ts';
export { GuardErrors } from './guard-errors.ts';
export type { Limiter } from './limits/limiter.ts';
export { pushBackOf } from './retry/push-back.ts';
export {
  type RetryBudget,
  type RetryBudgetOptions,
  type RetryBudgetSnapshot,
  retryBudget,
} from './retry/retry-budget.ts';
export {
  type FailedTry,
  type RetryOptions,
  type RetryPolicy,
  type RetryVerdict,
  retryPolicy,
} from './retry/retry-policy.ts';
export { isUnsent, markUnsent } from './retry/unsent.ts';
