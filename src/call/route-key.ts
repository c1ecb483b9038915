import { type Context, contextKey } from '../concurrency/index.ts';

const routeKey = contextKey<string | undefined>('call.route-key', undefined);

/**
 * A child Context whose calls go to the instance that this key belongs to, where the target is balanced by `hashed()`:
 * a room, a document, a shopping cart. For calls that this process makes; the next one decides for itself.
 *
 *     await room.join(withRouteKey(ctx, roomId), { roomId });
 */
export function withRouteKey(ctx: Context, key: string): Context {
  return ctx.withValue(routeKey, key);
}

export function routeKeyOf(ctx: Context): string | undefined {
  return ctx.value(routeKey);
}
