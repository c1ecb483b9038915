import { isStatusError, StatusError } from '../errors/index.ts';
import { type Clock, systemClock, type Timer } from './clock.ts';
import type { CancelContext, Context, ContextKey, Stop } from './context.ts';

/** How a node ended. Its error is made when someone asks: most contexts are disposed and nobody looks again. */
class End {
  readonly #code: 'canceled' | 'deadline_exceeded';
  readonly #reason: unknown;
  #err: StatusError | undefined;

  constructor(code: 'canceled' | 'deadline_exceeded', reason: unknown) {
    this.#code = code;
    this.#reason = reason;
  }

  get err(): StatusError {
    this.#err ??= this.fresh();
    return this.#err;
  }

  get cause(): unknown {
    return this.#reason ?? this.err;
  }

  /** Each throw gets its own error, with the stack of the place that gave up. */
  fresh(): StatusError {
    const message = this.#code === 'canceled' ? 'context canceled' : 'context deadline exceeded';
    return new StatusError(this.#code, message, this.#reason === undefined ? {} : { cause: this.#reason });
  }
}

/**
 * One node of the tree. Ends are pulled, not pushed: a node subscribes to its parent and arms a timer only while someone
 * waits on it (`waiters` is not empty), and unsubscribes when the last waiter leaves. So a child that nobody waits on, is
 * done, or is disposed has no entry anywhere.
 */
class Node implements CancelContext {
  readonly deadline: number | undefined;
  readonly clock: Clock;
  readonly #parent: Node | undefined;
  /** The nearest node above that can end, or undefined under a root or `withoutCancel`. */
  readonly #upstream: Node | undefined;
  readonly #key: ContextKey<unknown> | undefined;
  readonly #value: unknown;
  readonly #timeoutCause: unknown;
  #end: End | undefined;
  #waiters: Set<() => void> | undefined;
  #leaveUpstream: Stop | undefined;
  #timer: Timer | undefined;
  #controller: AbortController | undefined;

  constructor(parent: Node | undefined, options: NodeOptions) {
    this.#parent = parent;
    this.#upstream = options.detached ? undefined : parent;
    this.clock = options.clock ?? parent?.clock ?? systemClock;
    this.#key = options.key;
    this.#value = options.value;
    this.#timeoutCause = options.cause;
    const above = this.#upstream?.deadline;
    const own = options.deadline;
    this.deadline = own === undefined ? above : above === undefined ? own : Math.min(own, above);
  }

  remainingMs(): number {
    return this.deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.deadline - this.clock.now());
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      const end = this.#settled();
      if (end !== undefined) controller.abort(end.err);
      else this.onDone(() => controller.abort(this.#end?.err));
    }
    return this.#controller.signal;
  }

  err(): StatusError | undefined {
    return this.#settled()?.err;
  }

  cause(): unknown {
    return this.#settled()?.cause;
  }

  throwIfDone(): void {
    const end = this.#settled();
    if (end !== undefined) throw end.fresh();
  }

  value<T>(key: ContextKey<T>): T {
    for (let node: Node | undefined = this; node !== undefined; node = node.#parent) {
      if (node.#key === key) return node.#value as T;
    }
    return key.fallback;
  }

  withTimeout(ms: number, cause?: unknown): CancelContext {
    if (!(ms >= 0)) throw new RangeError(`withTimeout: ${ms} is not a number of milliseconds from 0 to Infinity`);
    return this.withDeadline(this.clock.now() + ms, cause);
  }

  withDeadline(deadline: number, cause?: unknown): CancelContext {
    if (Number.isNaN(deadline))
      throw new RangeError('withDeadline: the deadline is NaN; give a time on the scale of clock.now()');
    return new Node(this, deadline === Number.POSITIVE_INFINITY ? {} : { deadline, cause });
  }

  withCancel(): CancelContext {
    return new Node(this, {});
  }

  withValue<T>(key: ContextKey<T>, value: T): Context {
    return new Node(this, { key: key as ContextKey<unknown>, value });
  }

  withoutCancel(): Context {
    return new Node(this, { detached: true });
  }

  cancel(cause?: unknown): void {
    if (this.#settled() === undefined) this.#finish(new End('canceled', cause));
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  onDone(fn: () => void): Stop {
    let waiting = true;
    const run = () => {
      if (!waiting) return;
      waiting = false;
      fn();
    };
    if (this.#settled() !== undefined) {
      queueMicrotask(run);
      return () => {
        const prevented = waiting;
        waiting = false;
        return prevented;
      };
    }
    this.#waiters ??= new Set();
    this.#waiters.add(run);
    if (this.#waiters.size === 1) this.#arm();
    return () => {
      if (!waiting) return false;
      waiting = false;
      this.#waiters?.delete(run);
      if (this.#waiters?.size === 0) this.#disarm();
      return true;
    };
  }

  /** The end, taking over an ancestor's or the passed deadline where nobody waited for it. */
  #settled(): End | undefined {
    if (this.#end !== undefined) return this.#end;
    const upstream = this.#upstream;
    if (upstream !== undefined) {
      const above = upstream.#settled();
      if (above !== undefined) {
        this.#finish(above);
        return above;
      }
    }
    if (this.deadline !== undefined && this.clock.now() >= this.deadline) this.#expire();
    return this.#end;
  }

  #expire(): void {
    this.#finish(new End('deadline_exceeded', this.#timeoutCause));
  }

  #finish(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#disarm();
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters === undefined) return;
    for (const run of waiters) {
      try {
        run();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #arm(): void {
    const upstream = this.#upstream;
    this.#leaveUpstream = upstream?.onDone(() => {
      const end = upstream.#end;
      if (end !== undefined) this.#finish(end);
    });
    // The upstream's timer covers a deadline that is not earlier than its own.
    if (this.deadline !== undefined && this.deadline !== upstream?.deadline) {
      this.#timer = this.clock.after(this.deadline - this.clock.now(), () => this.#expire());
    }
  }

  #disarm(): void {
    this.#leaveUpstream?.();
    this.#leaveUpstream = undefined;
    this.#timer?.stop();
    this.#timer = undefined;
  }
}

interface NodeOptions {
  readonly detached?: boolean;
  readonly clock?: Clock;
  readonly deadline?: number;
  readonly cause?: unknown;
  readonly key?: ContextKey<unknown>;
  readonly value?: unknown;
}

/** A root on a clock of its own: for tests with a virtual clock. */
export function rootContext(clock: Clock): Context {
  return new Node(undefined, { clock });
}

const root = new Node(undefined, {});

/** The root: never done, no values. For `main` and tests; everything else derives its Context from its caller's. */
export function background(): Context {
  return root;
}

/**
 * A child of `parent` that also ends when the signal aborts, with `canceled` and the signal's reason as the cause.
 * Dispose it when the work is done: that removes its listener from the signal.
 */
export function withSignal(parent: Context, signal: AbortSignal): CancelContext {
  const child = parent.withCancel();
  const abort = () => child.cancel(signal.reason);
  if (signal.aborted) {
    abort();
    return child;
  }
  signal.addEventListener('abort', abort, { once: true });
  const release = () => signal.removeEventListener('abort', abort);
  child.onDone(release);
  return child;
}

/** Whether the error says that a Context ended: `canceled` or `deadline_exceeded`. */
export function isContextError(error: unknown): boolean {
  return isStatusError(error) && (error.code === 'canceled' || error.code === 'deadline_exceeded');
}
