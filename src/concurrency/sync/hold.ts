import { StatusError } from '../../errors/index.ts';
import type { Context } from '../context/context.ts';
import type { Awaitable } from '../parking/waiting.ts';
import type { Lock } from './locker.ts';

/** What a Hold is a hold of. */
export interface Holdable {
  /** Grants `hold`, at once or in its turn. */
  take(ctx: Context, hold: Hold): Awaitable<Lock>;
  /** A granted hold was given back: the next in line goes on. */
  release(): void;
}

/**
 * The Lock of all tools of this folder. It is made before it is granted and waits in the queue as the payload, so that
 * the first lock and a `relock` take the same way, and a hand-over is no more than `granted` and a delivery.
 */
export class Hold implements Lock {
  declare of: Holdable;
  declare private isHeld: boolean;

  constructor(of: Holdable) {
    this.of = of;
    this.isHeld = false;
  }

  /** It is held from now on. */
  granted(): this {
    this.isHeld = true;
    return this;
  }

  unlock(): void {
    if (!this.isHeld)
      throw new StatusError('failed_precondition', 'unlock of a lock that is not held', { reason: 'LOCK_RELEASED' });
    this.isHeld = false;
    this.of.release();
  }

  relock(ctx: Context): Awaitable<Lock> {
    if (this.isHeld)
      throw new StatusError('failed_precondition', 'relock of a lock that is held', { reason: 'LOCK_HELD' });
    return this.of.take(ctx, this);
  }

  [Symbol.dispose](): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.of.release();
  }
}
