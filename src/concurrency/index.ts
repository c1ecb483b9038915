/**
 * # flotilla/concurrency
 *
 * Go's toolbox for tasks that are async functions of one thread, with Go's semantics: contexts, channels, select, groups,
 * locks, pipelines.
 *
 *     using ctx = parent.withTimeout(200);
 *     await using g = group(ctx, { limit: 8 });
 *     const user = g.go((ctx) => loadUser(ctx, id));
 *     const posts = g.go((ctx) => loadPosts(ctx, id));
 *     await g.wait();                                     // both are there, or the first error has ended the other
 *     return { user: user.value, posts: posts.value };
 *
 * Rules: the Context is the first parameter of everything that waits; whoever makes a cancellable child disposes it;
 * whatever is started has an owner that waits for it; values of a Context are for what travels with a call, not for
 * optional parameters. Waiters are served in the order in which they came. What need not wait gives its result instead of
 * a promise: `await` takes both. Not here: tools between threads (they will implement the same interfaces).
 *
 * `FLOTILLA_DEBUG=concurrency` in the environment turns the diagnostics on: see `dumpTasks`.
 */
export type { Chan, Item, RecvChan, SendChan } from './channel/channel.ts';
export { type ChanOptions, chan } from './channel/local-channel.ts';
export { type Cases, type Otherwise, otherwise, recv, type Selected, select, send } from './channel/select.ts';
export type { Case } from './channel/select-case.ts';
export { done, settled } from './channel/select-outcomes.ts';
export { after, type Ticker, tick } from './channel/select-timers.ts';
export { type CancelContext, type Context, type ContextKey, contextKey, type Stop } from './context/context.ts';
export { background, isContextError, rootContext, withSignal } from './context/context-tree.ts';
export { current, enter, runWith } from './context/current.ts';
export { dumpTasks, listTasks } from './debug/debug-mode.ts';
export { formatTasks } from './debug/format-tasks.ts';
export type { TaskInfo, WaitInfo } from './debug/task-info.ts';
export { type AllResults, all, type TaskFns } from './group/all.ts';
export { go, type OwnedTask } from './group/go.ts';
export { type Group, type GroupOptions, group } from './group/group.ts';
export type { Task, TaskFn, TaskState } from './group/task.ts';
export { yieldNow } from './parking/turns.ts';
export type { Awaitable } from './parking/waiting.ts';
export {
  type ElementFn,
  type FanOutOptions,
  fanIn,
  type MapReduceOptions,
  type Pipeline,
  pipeline,
  type TeeOptions,
  type ToArrayOptions,
  type ToOptions,
  type WindowOptions,
} from './pipeline/pipeline.ts';
export type { Source } from './pipeline/source.ts';
export { Barrier } from './sync/barrier.ts';
export { Cond } from './sync/cond.ts';
export { KeyedMutex } from './sync/keyed-mutex.ts';
export { Latch } from './sync/latch.ts';
export type { Lock, Locker } from './sync/locker.ts';
export { Mutex } from './sync/mutex.ts';
export type { NameOptions } from './sync/name.ts';
export { Once } from './sync/once.ts';
export { type OnceValueOptions, onceValue } from './sync/once-value.ts';
export { Pool, type PoolOptions } from './sync/pool.ts';
export { RWMutex } from './sync/rw-mutex.ts';
export { type Permit, Semaphore } from './sync/semaphore.ts';
export { type Shared, SingleFlight } from './sync/single-flight.ts';
export { WaitGroup } from './sync/wait-group.ts';
export { type Clock, systemClock, type Timer } from './time/clock.ts';
export { turnClock } from './time/turn-clock.ts';
export { sleep, until } from './time/wait.ts';
