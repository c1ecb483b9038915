import { isStatusError, type StatusError } from '../errors/index.ts';
import { type Clock, systemClock, type Timer } from './clock.ts';
import type { CancelContext, Context, ContextKey, Stop } from './context.ts';
import { End } from './context-end.ts';

/** What all nodes share: the values above them, and their place below the nearest node that can end. */
abstract class Node {
  readonly clock: Clock;
  readonly deadline: number | undefined;
  readonly #parent: Node | undefined;
  readonly #key: ContextKey<unknown> | undefined;
  readonly #value: unknown;

  constructor(
    parent: Node | undefined,
    clock: Clock,
    deadline: number | undefined,
    key?: ContextKey<unknown>,
    value?: unknown,
  ) {
    this.#parent = parent;
    this.clock = clock;
    this.deadline = deadline;
    this.#key = key;
    this.#value = value;
  }

  /** The nearest node that can end, from this one upwards. */
  abstract readonly ending: EndingNode | undefined;

  remainingMs(): number {
    return this.deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.deadline - this.clock.now());
  }

  err(): StatusError | undefined {
    return this.ending?.settled()?.err;
  }

  cause(): unknown {
    return this.ending?.settled()?.cause;
  }

  throwIfDone(): void {
    const end = this.ending?.settled();
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
    return new EndingNode(this, deadline, cause);
  }

  withCancel(): CancelContext {
    return new EndingNode(this, Number.POSITIVE_INFINITY, undefined);
  }

  withValue<T>(key: ContextKey<T>, value: T): Context {
    return new PassiveNode(this, this.clock, this.ending, key as ContextKey<unknown>, value);
  }

  withoutCancel(): Context {
    return new PassiveNode(this, this.clock, undefined);
  }
}

/** A node without an end of its own: a root, one with a value, or one cut off from the ends above it. */
class PassiveNode extends Node implements Context {
  readonly ending: EndingNode | undefined;
  #never: AbortController | undefined;

  constructor(
    parent: Node | undefined,
    clock: Clock,
    ending: EndingNode | undefined,
    key?: ContextKey<unknown>,
    value?: unknown,
  ) {
    super(parent, clock, ending?.deadline, key, value);
    this.ending = ending;
  }

  get signal(): AbortSignal {
    if (this.ending !== undefined) return this.ending.signal;
    this.#never ??= new AbortController();
    return this.#never.signal;
  }

  onDone(fn: () => void): Stop {
    return this.ending === undefined ? once() : this.ending.onDone(fn);
  }
}

/**
 * A node that can end. Ends are pulled, not pushed: it subscribes to the one above and arms a timer only while someone
 * waits on it (`waiters` is not empty), and unsubscribes when the last waiter leaves. So a child that nobody waits on, is
 * done, or is disposed has no entry anywhere.
 */
class EndingNode extends Node implements CancelContext {
  readonly #upstream: EndingNode | undefined;
  readonly #timeoutCause: unknown;
  #end: End | undefined;
  #waiters: Set<() => void> | undefined;
  #leaveUpstream: Stop | undefined;
  #timer: Timer | undefined;
  #controller: AbortController | undefined;

  constructor(parent: Node, deadline: number, cause: unknown) {
    const upstream = parent.ending;
    const earliest = Math.min(deadline, upstream?.deadline ?? Number.POSITIVE_INFINITY);
    super(parent, parent.clock, earliest === Number.POSITIVE_INFINITY ? undefined : earliest);
    this.#upstream = upstream;
    this.#timeoutCause = cause;
  }

  get ending(): EndingNode {
    return this;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      const end = this.settled();
      if (end !== undefined) controller.abort(end.err);
      else this.onDone(() => controller.abort(this.#end?.err));
    }
    return this.#controller.signal;
  }

  cancel(cause?: unknown): void {
    if (this.#end !== undefined) return;
    const now = this.clock.now();
    if (this.settled(now) === undefined) this.#finish(new End('canceled', now, cause));
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
    if (this.settled() !== undefined) {
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

  /** The end, taking over an ancestor's or the passed deadline, whichever came first, where nobody waited for it. */
  settled(now?: number): End | undefined {
    if (this.#end !== undefined) return this.#end;
    const above = this.#upstream?.settled(now);
    if (above !== undefined && !(this.#hasOwnDeadline() && this.deadline! < above.at)) this.#finish(above);
    else if (this.#hasOwnDeadline() && (now ?? this.clock.now()) >= this.deadline!) this.#expire();
    return this.#end;
  }

  /** Whether its deadline is earlier than those above: theirs end it through them. */
  #hasOwnDeadline(): boolean {
    return this.deadline !== this.#upstream?.deadline;
  }

  #expire(): void {
    this.#finish(new End('deadline_exceeded', this.deadline!, this.#timeoutCause));
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
    this.#leaveUpstream = this.#upstream?.onDone(() => this.settled());
    if (this.#hasOwnDeadline()) {
      this.#timer = this.clock.after(this.deadline! - this.clock.now(), () => this.#expire());
    }
  }

  #disarm(): void {
    this.#leaveUpstream?.();
    this.#leaveUpstream = undefined;
    this.#timer?.stop();
    this.#timer = undefined;
  }
}

/** The stop of a function that nothing will ever call. */
function once(): Stop {
  let waiting = true;
  return () => {
    const prevented = waiting;
    waiting = false;
    return prevented;
  };
}

/** A root on a clock of its own: for tests with a virtual clock. */
export function rootContext(clock: Clock): Context {
  return new PassiveNode(undefined, clock, undefined);
}

const root = new PassiveNode(undefined, systemClock, undefined);

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
