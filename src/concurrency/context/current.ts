import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from './context.ts';
import { background } from './context-tree.ts';

const storage = new AsyncLocalStorage<Context>();

/**
 * The Context of the call that is being handled, or `background()` outside of one. For code that cannot be handed a
 * Context: a log line in a library, a callback of a driver. Everywhere else take it as the first parameter.
 */
export function current(): Context {
  return storage.getStore() ?? background();
}

/** Runs `fn` with `ctx` as the current Context, through all that it awaits. Servers enter it once per inbound call. */
export function runWith<T>(ctx: Context, fn: () => T): T {
  return storage.run(ctx, fn);
}
