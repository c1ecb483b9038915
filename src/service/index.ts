/**
 * # flotilla/service
 *
 * What every transport shares: the handler and middleware shape, the server contract, the chain that runs a call,
 * validation by any Standard Schema, and configuration.
 *
 *     const timing: Middleware = (next, method) => async (ctx, input) => {
 *       const started = ctx.clock.now();
 *       try { return await next(ctx, input); } finally { console.log(method.method, ctx.clock.now() - started); }
 *     };
 *
 * Rules: a middleware is applied once per method, at start-up; what it needs of a call it takes from the Context.
 */
export type { Admit, CallHead, Permit, Rejection } from '../call/index.ts';
export { laneAttribute } from './call-observer.ts';
export { type ConfigOptions, type ConfigTree, loadConfig } from './config.ts';
export { guardDefaults } from './defaults.ts';
export { bothAdmit } from './guard/both-admit.ts';
export { type ClientGuard, type ClientGuardSnapshot, clientGuard, type GuardRoute } from './guard/client-guard.ts';
export type { BreakerChoice, ClientGuardOptions, MethodGuardOptions } from './guard/client-guard-options.ts';
export { type GuardSettings, guardConfig, type NamedKnobs, withGuardConfig } from './guard/guard-config.ts';
export { isolate, isolateSlow } from './guard/isolate.ts';
export { guardSettingsOf, type LiveGuard, liveGuard, withGuardSettings } from './guard/live-guard.ts';
export type { MethodGuardSnapshot } from './guard/method-guard.ts';
export { type TenantQuota, type TenantQuotaOptions, tenantQuota } from './guard/quota.ts';
export { type RateLimit, type RateLimitOptions, rateLimit } from './guard/rate-limit.ts';
export { type GuardedServer, type ServerGuard, type ServerGuardOptions, serverGuard } from './guard/server-guard.ts';
export { instrument } from './instrument.ts';
export {
  chain,
  fullName,
  type Handler,
  type MethodInfo,
  type MethodKind,
  type Middleware,
  type Step,
} from './method.ts';
export { type IsReady, readinessOf, withReadiness } from './readiness.ts';
export { Secret, secret } from './secret.ts';
export type { DrainOptions, Endpoint, Server } from './server.ts';
export { callContext, type ServerCallOptions, serverCall } from './server-call.ts';
export { applySchema, type Schema, validate } from './validate.ts';
export { type WatchConfigOptions, type WatchedConfig, watchConfig } from './watch-config.ts';
