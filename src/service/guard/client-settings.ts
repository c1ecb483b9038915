import type { BreakerChoice, ClientGuardOptions } from './client-guard-options.ts';
import type { GuardSettings } from './guard-config.ts';

/**
 * The options of a client's guard with the settings of the app above them. What is turned off in the code stays off, a
 * breaker keeps its kind, and what the code says of single methods stands above both.
 */
export function withClientSettings(own: ClientGuardOptions, settings: GuardSettings): ClientGuardOptions {
  const { breaker: breakers = {}, retry = {}, hedge = {} } = settings;
  const { share, reserve, ...retries } = retry;
  const { breaker = {}, retry: ownRetry = {}, hedge: ownHedge = false, budget = {} } = own;
  return {
    ...own,
    breaker: typeof breaker === 'object' ? withBreakerSettings(breaker, breakers) : breaker,
    retry: ownRetry === false ? false : { ...ownRetry, ...retries },
    hedge: ownHedge === false ? false : { ...(typeof ownHedge === 'object' && ownHedge), ...hedge },
    budget: { ...budget, ...(share !== undefined && { share }), ...(reserve !== undefined && { reserve }) },
  };
}

function withBreakerSettings(choice: BreakerChoice, settings: NonNullable<GuardSettings['breaker']>): BreakerChoice {
  const { throttle, consecutive, ratio, halfOpen } = settings;
  switch (choice.kind) {
    case 'consecutive':
      return { ...choice, ...halfOpen, ...consecutive };
    case 'ratio':
      return { ...choice, ...halfOpen, ...ratio };
    default:
      return { ...choice, ...throttle };
  }
}
