import type { Context, Stop } from './context.ts';

/**
 * Someone who waits on a Context and is told of its end once. Waits extend it instead of calling `onDone` with a function:
 * a parked operation then enters and leaves its Context without a closure, a Set entry or a Stop.
 */
export abstract class DoneListener {
  /** Undefined while it is registered nowhere. */
  declare registration: Registration | undefined;

  // Here and in what is made for every wait, fields are declared and assigned by hand: an initialiser, which every `#field` and
  // every plain declaration has, costs a call per class (a ping-pong took 290 ns with them, 240 without).
  constructor() {
    this.registration = undefined;
  }

  /** Called synchronously with the end of the Context, after which it is registered nowhere. Must not throw. */
  abstract contextDone(): void;

  get isListening(): boolean {
    return this.registration !== undefined;
  }

  /** Leaves its Context, if it is still registered. */
  unlisten(): void {
    const { registration } = this;
    if (registration === undefined) return;
    this.registration = undefined;
    registration.at.leave(registration);
  }
}

/** Where listeners register. */
export interface Watched {
  leave(registration: Registration): void;
}

/**
 * The place of a listener in the list of a watch. Not the listener itself: those are of so many classes that the engine would
 * look each link up by name, which costs more than this object.
 */
export class Registration {
  declare previous: Registration | undefined;
  declare next: Registration | undefined;
  declare readonly at: Watched;
  declare readonly listener: DoneListener;

  constructor(at: Watched, listener: DoneListener) {
    this.previous = undefined;
    this.next = undefined;
    this.at = at;
    this.listener = listener;
    listener.registration = this;
  }

  /** Tells the listener, which is registered no more. */
  announce(): void {
    this.listener.registration = undefined;
    this.listener.contextDone();
  }
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

/** The listener of a Context that somebody else made: through its public `onDone`. */
class Foreign implements Watched {
  readonly #stop: Stop;

  constructor(ctx: Context, listener: DoneListener) {
    const registration = new Registration(this, listener);
    this.#stop = ctx.onDone(() => {
      if (listener.registration === registration) registration.announce();
    });
  }

  leave(): void {
    this.#stop();
  }
}

/** Registers `listener` with any Context. */
export function listen(ctx: Context, listener: DoneListener): void {
  const own = ctx as Context & Partial<Listenable>;
  if (own.listen !== undefined) own.listen(listener);
  else new Foreign(ctx, listener);
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
