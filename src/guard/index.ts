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
export { type ConsecutiveBreakerOptions, consecutiveBreaker } from './breaker/consecutive-breaker.ts';
export type { HalfOpenOptions } from './breaker/half-open.ts';
export { type KeyedBreakers, type KeyedBreakersOptions, keyedBreakers } from './breaker/keyed-breakers.ts';
export { type RatioBreakerOptions, ratioBreaker } from './breaker/ratio-breaker.ts';
export { type SreThrottleOptions, sreThrottle } from './breaker/sre-throttle.ts';
export { type Verdict, verdictOf } from './breaker/verdict.ts';
export { countsAsFailure } from './failure.ts';
export { GuardErrors } from './guard-errors.ts';
export { type Bulkhead, type BulkheadPermit, type BulkheadSnapshot, bulkhead } from './isolation/bulkhead.ts';
export type { BulkheadOptions, BulkheadSettings, FairBulkheadSettings } from './isolation/bulkhead-options.ts';
export { type FairBulkheadOptions, fairBulkhead } from './isolation/fair-bulkhead.ts';
export { type SlowLane, type SlowLaneOptions, type SlowLaneSettings, slowLane } from './isolation/slow-lane.ts';
export { allOf, type SeveralLimits } from './limits/all-of.ts';
export { gcra } from './limits/gcra.ts';
export { type InFlightOptions, type InFlightSettings, inFlightLimit } from './limits/in-flight-limit.ts';
export type { HashSeed } from './limits/key-hash.ts';
export {
  type KeyedLimit,
  type KeyedLimiterOptions,
  type KeyedLimitSnapshot,
  type KeyedRate,
  keyedLimiter,
} from './limits/keyed-limiter.ts';
export { byAddress, byMethod, byPrincipal, byTenant, type KeyOf, networkOf } from './limits/keys.ts';
export { leakyBucket } from './limits/leaky-bucket.ts';
export type { Limit, Limiter, LimitSnapshot, NamedLimiter } from './limits/limiter.ts';
export type { BurstRate, BurstRateOptions, LimitNaming, Rate, RateOptions } from './limits/rate-options.ts';
export { slidingWindow } from './limits/sliding-window.ts';
export { tokenBucket } from './limits/token-bucket.ts';
export type {
  OutlierDetector,
  OutlierEvent,
  OutlierNode,
  OutlierOptions,
  OutlierReason,
  OutlierSnapshot,
  OutlierState,
  ReturnReason,
} from './outlier/outlier.ts';
export { type OutlierDetectorOptions, outlierDetector } from './outlier/outlier-detector.ts';
export { overloadGuard } from './overload/adaptive-guard.ts';
export {
  ConcurrencyLimit,
  type ConcurrencyLimitOptions,
  type ConcurrencySnapshot,
  type ServedAs,
} from './overload/concurrency-limit.ts';
export {
  type DecisionCount,
  type MethodSnapshot,
  type OverloadDecision,
  type OverloadGuard,
  type OverloadGuardOptions,
  type OverloadRefusal,
  type OverloadSettings,
  type OverloadSnapshot,
  overloadRefusals,
  type ShedTenant,
} from './overload/overload-guard.ts';
export { type Claim, maxMinShares } from './quota/max-min.ts';
export { type MemoryQuotaStoreOptions, memoryQuotaStore } from './quota/memory-quota-store.ts';
export { type Quota, type QuotaLeafSnapshot, type QuotaOptions, type QuotaSnapshot, quota } from './quota/quota.ts';
export type { QuotaPhase } from './quota/quota-part.ts';
export type { QuotaSettings } from './quota/quota-settings.ts';
export {
  type QuotaBounds,
  type QuotaGrant,
  type QuotaReport,
  type QuotaReportNode,
  type QuotaStore,
  unlimited,
} from './quota/quota-store.ts';
export {
  type QuotaNode,
  type QuotaNodeConfig,
  type QuotaTenant,
  type QuotaTenantConfig,
  type QuotaTree,
  quotaTree,
} from './quota/quota-tree.ts';
export {
  askAgainMs,
  type HedgeOptions,
  type HedgePolicy,
  type HedgeSnapshot,
  hedgePolicy,
} from './retry/hedge-policy.ts';
export { LatencyQuantile } from './retry/latency-quantile.ts';
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
  type StopReason,
} from './retry/retry-policy.ts';
export { markUnsent, type UnsentBy, unsentBy } from './retry/unsent.ts';
export { measureLoop } from './signals/loop.ts';
export { LoopMeter, type LoopMeterOptions } from './signals/loop-meter.ts';
export { processSignals, type SharedSignals } from './signals/process-signals.ts';
export type {
  LoopSignal,
  LoopWindow,
  OverloadSignals,
  ResourceReading,
  ResourceSignal,
} from './signals/signals.ts';
