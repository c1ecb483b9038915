import { type Context, contextKey } from '../concurrency/index.ts';

/** Whether what a server is part of can be called now. Cheap: every probe asks. Must not throw. */
export type IsReady = (ctx: Context) => Promise<boolean>;

const readinessKey = contextKey<IsReady>('service.readiness', async () => true);

/** A child Context for servers to start with: what their health services answer is `isReady`, until they drain. */
export function withReadiness(ctx: Context, isReady: IsReady): Context {
  return ctx.withValue(readinessKey, isReady);
}

/** That of the app that this Context belongs to; without one it is always ready. */
export function readinessOf(ctx: Context): IsReady {
  return ctx.value(readinessKey);
}
