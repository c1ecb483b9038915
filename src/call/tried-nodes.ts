import { type Context, contextKey } from '../concurrency/index.ts';

const triedKey = contextKey<string[] | undefined>('call.tried-nodes', undefined);
const none: readonly string[] = Object.freeze([]);

/**
 * A child Context in which all tries of one call share a list of the instances that they went to. Whoever may try more
 * than once makes it, before the first try.
 */
export function withTriedNodes(ctx: Context): Context {
  return ctx.withValue(triedKey, []);
}

/** The ids of the instances that earlier tries of this call went to, oldest first: better not the same again. */
export function triedNodesOf(ctx: Context): readonly string[] {
  return ctx.value(triedKey) ?? none;
}

/** Notes the instance that this try goes to, before it is sent: a hedge starts while the first try is under way. */
export function noteTriedNode(ctx: Context, id: string): void {
  ctx.value(triedKey)?.push(id);
}
