/**
 * # flotilla/concurrency
 *
 * Clock and Context: how long work may last and whether it is still wanted, with the semantics of Go's `context`.
 *
 *     using ctx = parent.withTimeout(200);
 *     return await fetch(url, { signal: ctx.signal });   // `await` inside the block: leaving it cancels ctx
 *
 * Rules: the Context is the first parameter of everything that waits; whoever makes a cancellable child disposes it;
 * values are for what travels with a call, not for optional parameters. Not here: channels, locks and groups (next).
 */
export type { Chan, Item, RecvChan, SendChan } from './channel/channel.ts';
export { type ChanOptions, chan } from './channel/local-channel.ts';
export { type Cases, type Otherwise, otherwise, recv, type Selected, select, send } from './channel/select.ts';
export type { Case } from './channel/select-case.ts';
export { done, settled } from './channel/select-outcomes.ts';
export { after, type Ticker, tick } from './channel/select-timers.ts';
export { type CancelContext, type Context, type ContextKey, contextKey, type Stop } from './context/context.ts';
export { background, isContextError, rootContext, withSignal } from './context/context-tree.ts';
export { current, runWith } from './context/current.ts';
export { yieldNow } from './parking/turns.ts';
export type { Awaitable } from './parking/waiting.ts';
export { type Clock, systemClock, type Timer } from './time/clock.ts';
export { sleep, until } from './time/wait.ts';
