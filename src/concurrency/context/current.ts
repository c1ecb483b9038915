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
  // Steps of a stream are wrapped more than once, and looking costs a twentieth of entering.
  return storage.getStore() === ctx ? fn() : storage.run(ctx, fn);
}

/**
 * Makes `ctx` the current Context of what is still to come of this turn of the event loop, and of all that this starts. Half
 * the price of {@link runWith}, but nothing sets it back: only for who is called by the event loop itself, with no code of
 * anybody else on the stack.
 */
export function enter(ctx: Context): void {
  storage.enterWith(ctx);
}
