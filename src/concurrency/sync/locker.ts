import type { Context } from '../context/context.ts';
import type { Awaitable } from '../parking/waiting.ts';

/**
 * A lock that is held, by whoever has this object; there is no owner beyond that, so it may be passed on.
 * `using lock = await mutex.lock(ctx)` gives it back at the end of the block; disposing one that is not held does nothing.
 */
export interface Lock extends Disposable {
  /** Gives it back: the next in line goes on. Throws `failed_precondition`, `LOCK_RELEASED`, if it is not held. */
  unlock(): void;
  /**
   * Locks again what `unlock` gave back, at the end of the line, and gives this same object: a block that unlocks for a
   * while keeps its `using`. If `ctx` ends first it throws and stays unlocked. Throws `failed_precondition`,
   * `LOCK_HELD`, if it is held.
   */
  relock(ctx: Context): Awaitable<Lock>;
}

/** What can be locked. Locks are not reentrant: whoever locks again what it holds waits until its Context ends. */
export interface Locker {
  /** Waits its turn. Gives the lock itself, not a promise, if it is free; throws the error of `ctx` if that ends first. */
  lock(ctx: Context): Awaitable<Lock>;
  /** The lock, or undefined if it is not free at this moment. Never waits. */
  tryLock(): Lock | undefined;
}
