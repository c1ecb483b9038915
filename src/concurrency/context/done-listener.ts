import type { Context, Stop } from './context.ts';

/**
 * Someone who waits on a Context and is told of its end once. Waits extend it instead of calling `onDone` with a function:
 * a parked operation then enters and leaves its Context without a closure, a Set entry or a Stop.
 */
export abstract class DoneListener {
  declare previousDone: DoneListener | undefined;
  declare nextDone: DoneListener | undefined;
  /** Where it is registered. */
  declare watch: Watched | undefined;

  // Here and in what is made for every wait, fields are declared and assigned by hand: an initialiser, which every `#field` and
  // every plain declaration has, costs a call per class (a ping-pong took 290 ns with them, 240 without).
  constructor() {
    this.previousDone = undefined;
    this.nextDone = undefined;
    this.watch = undefined;
  }

  /** Called synchronously with the end of the Context, after which it is registered nowhere. Must not throw. */
  abstract contextDone(): void;

  /** Leaves its Context, if it is still registered. */
  unlisten(): void {
    if (this.watch !== undefined) this.watch.leave(this);
  }
}

/** Where listeners register. */
export interface Watched {
  leave(listener: DoneListener): void;
}

/** What this package's own contexts can do beyond the contract. */
export interface Listenable {
  /** Registers it, unless this Context can never end. The Context must not have ended. */
  listen(listener: DoneListener): void;
  /**
   * Whether it was canceled, or its end has been noticed, without a look at the clock: for operations that take a few
   * nanoseconds, where reading the clock would cost more than they do.
   */
  isKnownDone(): boolean;
  /**
   * Throws if it has ended: what a wait asks before it begins. Where a timer is armed for the deadline already, that is
   * trusted to tell, and the clock is not read.
   */
  refuseWait(): void;
}

/** The listeners of a Context that somebody else made: through its public `onDone`. */
class Foreign implements Watched {
  readonly #stop: Stop;

  constructor(ctx: Context, listener: DoneListener) {
    this.#stop = ctx.onDone(() => {
      if (listener.watch !== this) return;
      listener.watch = undefined;
      listener.contextDone();
    });
  }

  leave(listener: DoneListener): void {
    listener.watch = undefined;
    this.#stop();
  }
}

/** Registers `listener` with any Context. */
export function listen(ctx: Context, listener: DoneListener): void {
  const own = ctx as Context & Partial<Listenable>;
  if (own.listen !== undefined) own.listen(listener);
  else listener.watch = new Foreign(ctx, listener);
}

/** `refuseWait` of any Context. */
export function refuseWait(ctx: Context): void {
  const own = ctx as Context & Partial<Listenable>;
  if (own.refuseWait !== undefined) own.refuseWait();
  else ctx.throwIfDone();
}

/** `isKnownDone` of any Context. */
export function isKnownDone(ctx: Context): boolean {
  const own = ctx as Context & Partial<Listenable>;
  return own.isKnownDone === undefined ? ctx.err() !== undefined : own.isKnownDone();
}
