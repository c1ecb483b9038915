import type { StatusError } from '../../errors/index.ts';
import type { Clock } from '../time/clock.ts';

/** A typed name for a value that travels with a Context. Two keys are equal only if they are the same object. */
export interface ContextKey<T> {
  readonly name: string;
  /** What `value` answers where nobody set one. */
  readonly fallback: T;
}

/** Makes a key. The name is for people; keep the key in a module's constant, since every call makes another key. */
export function contextKey<T>(name: string, fallback: T): ContextKey<T> {
  return Object.freeze({ name, fallback });
}

/** Takes a registered function back. Reports whether it prevented the call, as the stop of Go's AfterFunc does. */
export type Stop = () => boolean;

/**
 * What every call, wait and task takes as its first parameter: how long it may last, whether it is still wanted, and the
 * values that travel with it. Semantics are those of Go's `context`.
 *
 * It is cheap: a Context holds no timer, no AbortController and no entry in its parent until someone waits on it through
 * `onDone` or `signal`. `err()` looks at the clock and the parents, so it is exact even where nobody waits and even while
 * the event loop is blocked.
 */
export interface Context {
  /** When it expires, on the scale of `clock.now()`; the earliest of its own and its ancestors'. Undefined: never. */
  readonly deadline: number | undefined;
  readonly clock: Clock;
  /** Milliseconds to the deadline, never below 0; Infinity without one. */
  remainingMs(): number;
  /** For APIs of the platform. Made on first use; aborts with `err()` as its reason. Ask once and keep it. */
  readonly signal: AbortSignal;
  /** Undefined while the work is wanted; then `canceled` or `deadline_exceeded` for ever. */
  err(): StatusError | undefined;
  /** Why it ended: what was given to `cancel`, or `err()` itself. Undefined while the work is wanted. */
  cause(): unknown;
  value<T>(key: ContextKey<T>): T;
  /** Throws `err()` if it is done. */
  throwIfDone(): void;
  /** A child that ends at the earlier of `ms` from now and this one's end. Dispose it, or `cancel` it, when the work is done. */
  withTimeout(ms: number, cause?: unknown): CancelContext;
  /** The same with an absolute time on the scale of `clock.now()`. */
  withDeadline(deadline: number, cause?: unknown): CancelContext;
  withCancel(): CancelContext;
  withValue<T>(key: ContextKey<T>, value: T): Context;
  /** A child that keeps the values and drops cancellation and deadline: for work that must outlive its caller. */
  withoutCancel(): Context;
  /**
   * Calls `fn` once when it is done: in a microtask if it is done already. The call is synchronous with the
   * cancellation otherwise, so `fn` must be short and must not throw; what it throws surfaces as an uncaught exception.
   */
  onDone(fn: () => void): Stop;
}

/** A Context that its maker can end. `using ctx = parent.withTimeout(200)` cancels it, and frees its timer, at the end of the block. */
export interface CancelContext extends Context, Disposable {
  /** Ends it and its descendants with `canceled`. Only the first end counts. */
  cancel(cause?: unknown): void;
}
