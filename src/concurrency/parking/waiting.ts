import type { Context } from '../context/context.ts';
import { DoneListener, listen } from '../context/done-listener.ts';
import { type Tracked, tracker } from './tracking.ts';
import { handOver } from './turns.ts';

/** A value, or the promise of one where it has to be waited for. `await` takes both; a value costs no promise. */
export type Awaitable<T> = T | Promise<T>;

/**
 * A wait that ends once: with an outcome that somebody delivers, with an error, or with the end of its Context. It stays
 * where it entered and in its Context exactly as long as it waits: whoever delivers always reaches one that still waits,
 * so no wake-up is lost, and one that gave up leaves no trace.
 *
 * Every wait makes one, so it is written for speed: `npm run bench -- concurrency`. The plain version that it is checked
 * against is the model in test/conformance/model.
 */
export abstract class Waiting<T> extends DoneListener implements Tracked {
  declare readonly promise: Promise<T>;
  declare protected readonly ctx: Context;
  declare private readonly resolve: (value: T) => void;
  declare private readonly reject: (error: unknown) => void;

  /** The Context must not have ended. Enter the queues, then call `begin`. */
  constructor(ctx: Context) {
    super();
    this.ctx = ctx;
    this.promise = new Promise<T>(takeResolvers);
    this.resolve = lastResolve as (value: T) => void;
    this.reject = lastReject;
  }

  abstract describe(): string;
  /** Leaves the queues it entered. */
  protected abstract leave(): void;
  /** It gave up, has left and will throw: those behind it may go on now. */
  protected gaveUp(): void {}

  begin(): Promise<T> {
    listen(this.ctx, this);
    tracker?.parked(this);
    return this.promise;
  }

  /** Leaves, and goes on with `outcome`. */
  deliver(outcome: T): void {
    this.#end();
    handOver(this.resolve, outcome);
  }

  /** Leaves, and throws `error`. */
  fail(error: unknown): void {
    this.#end();
    handOver(this.reject, error);
  }

  override contextDone(): void {
    this.fail(endOf(this.ctx));
    this.gaveUp();
  }

  #end(): void {
    this.leave();
    this.unlisten();
    tracker?.resumed(this);
  }
}

// One executor for all promises, so that none needs a closure of its own. It runs within the constructor of the promise.
let lastResolve: unknown;
let lastReject: (error: unknown) => void;
function takeResolvers(resolve: unknown, reject: (error: unknown) => void): void {
  lastResolve = resolve;
  lastReject = reject;
}

/** The error of a Context that has ended, made at the place that gives up. */
function endOf(ctx: Context): unknown {
  try {
    ctx.throwIfDone();
  } catch (error) {
    return error;
  }
  return undefined;
}
