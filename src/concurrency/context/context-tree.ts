import { isStatusError, type StatusError } from '../../errors/index.ts';
import { tracker } from '../parking/tracking.ts';
import { type Clock, systemClock, type Timer } from '../time/clock.ts';
import type { CancelContext, Context, ContextKey, Stop } from './context.ts';
import { End } from './context-end.ts';
import { FunctionListener, Watch, type WatchedNode } from './context-watch.ts';
import type { DoneListener, Listenable } from './done-listener.ts';
import type { Owned } from './owner.ts';

/** What all nodes share: the way to the values above, and to the nearest node that can end. */
abstract class Node implements Listenable, Owned {
  // Declared, not initialised: see `DoneListener`.
  declare readonly parent: Node | undefined;
  /** The nearest node with a value, from this one upwards: who looks for one passes no others. */
  declare valued: PassiveNode | undefined;

  constructor(parent: Node | undefined) {
    this.parent = parent;
    this.valued = parent?.valued;
  }

  abstract readonly clock: Clock;
  abstract readonly deadline: number | undefined;
  abstract readonly signal: AbortSignal;
  /** The nearest node that can end, from this one upwards. */
  abstract readonly ending: EndingNode | undefined;
  abstract onDone(fn: () => void): Stop;

  remainingMs(): number {
    const { deadline } = this;
    return deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(0, deadline - this.clock.now());
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

  isKnownDone(): boolean {
    return this.ending !== undefined && this.ending.known() !== undefined;
  }

  refuseWait(): void {
    const { ending } = this;
    // One that is armed has not ended: it would have been told.
    if (ending !== undefined && !ending.isArmed) this.throwIfDone();
  }

  listen(listener: DoneListener): void {
    this.ending?.watchers().enter(listener);
  }

  value<T>(key: ContextKey<T>): T {
    for (let node = this.valued; node !== undefined; node = node.above) {
      if (node.key === key) return node.own as T;
    }
    return key.fallback;
  }

  owner(): object | undefined {
    for (let node: Node | undefined = this; node !== undefined; node = node.parent) {
      if (node instanceof EndingNode && node.ownedBy !== undefined) return node.ownedBy;
    }
    return undefined;
  }

  setOwner(_owner: object): void {}

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
    return new PassiveNode(this, this.ending, key as ContextKey<unknown>, value);
  }

  withoutCancel(): Context {
    return new PassiveNode(this, undefined, undefined, undefined);
  }
}

/** A node without an end of its own: a root, one with a value, or one cut off from the ends above it. */
class PassiveNode extends Node implements Context {
  declare readonly ending: EndingNode | undefined;
  declare readonly key: ContextKey<unknown> | undefined;
  declare readonly own: unknown;
  /** The next one with a value. */
  declare readonly above: PassiveNode | undefined;

  constructor(
    parent: Node | undefined,
    ending: EndingNode | undefined,
    key: ContextKey<unknown> | undefined,
    own: unknown,
  ) {
    super(parent);
    this.ending = ending;
    this.key = key;
    this.own = own;
    this.above = this.valued;
    if (key !== undefined) this.valued = this;
  }

  get clock(): Clock {
    return this.ending === undefined ? this.parent!.clock : this.ending.clock;
  }

  get deadline(): number | undefined {
    return this.ending?.deadline;
  }

  get signal(): AbortSignal {
    return this.ending === undefined ? neverAborted(this) : this.ending.signal;
  }

  onDone(fn: () => void): Stop {
    return this.ending === undefined ? once() : this.ending.onDone(fn);
  }
}

class RootNode extends PassiveNode {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super(undefined, undefined, undefined, undefined);
    this.#clock = clock;
  }

  override get clock(): Clock {
    return this.#clock;
  }
}

/** The signals of nodes that cannot end: few ever ask for one. */
const neverSignals = new WeakMap<object, AbortSignal>();

function neverAborted(node: object): AbortSignal {
  let signal = neverSignals.get(node);
  if (signal === undefined) {
    signal = new AbortController().signal;
    neverSignals.set(node, signal);
  }
  return signal;
}

/**
 * A node that can end. Ends are pulled, not pushed: it subscribes to the one above and arms a timer only while someone
 * waits on it, and unsubscribes when the last waiter leaves (`Watch`). So a child that nobody waits on, is done, or is
 * disposed has no entry anywhere.
 */
class EndingNode extends Node implements CancelContext, WatchedNode {
  declare readonly clock: Clock;
  declare readonly deadline: number | undefined;
  declare private readonly upstream: EndingNode | undefined;
  declare private readonly timeoutCause: unknown;
  declare private end: End | typeof disposed | undefined;
  declare private watch: Watch | undefined;
  declare private controller: AbortController | undefined;
  declare ownedBy: object | undefined;

  constructor(parent: Node, deadline: number, cause: unknown) {
    super(parent);
    const upstream = parent.ending;
    const inherited = upstream?.deadline;
    const earliest = inherited !== undefined && inherited < deadline ? inherited : deadline;
    this.clock = parent.clock;
    this.deadline = earliest === Number.POSITIVE_INFINITY ? undefined : earliest;
    this.upstream = upstream;
    this.timeoutCause = cause;
    this.end = undefined;
    this.watch = undefined;
    this.controller = undefined;
    this.ownedBy = undefined;
  }

  get ending(): EndingNode {
    return this;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      const controller = new AbortController();
      this.controller = controller;
      const end = this.settled();
      if (end !== undefined) controller.abort(end.err);
      else this.onDone(() => controller.abort(this.settled()?.err));
    }
    return this.controller.signal;
  }

  cancel(cause?: unknown): void {
    this.#cancel(cause, false);
  }

  /** As `cancel`; but where nobody waits it does not look at the clock: most contexts end so, and nobody asks them again. */
  [Symbol.dispose](): void {
    if (this.end !== undefined) return;
    if (this.watch === undefined && this.upstream?.known() === undefined) {
      this.end = disposed;
    } else {
      if (tracker !== undefined) this.watch?.tellDisposed(tracker);
      this.#cancel(undefined, true);
    }
  }

  onDone(fn: () => void): Stop {
    if (this.settled() !== undefined) return soon(fn);
    const listener = new FunctionListener(fn);
    this.watchers().enter(listener);
    return () => {
      const prevented = listener.isListening;
      listener.unlisten();
      return prevented;
    };
  }

  override setOwner(owner: object): void {
    this.ownedBy = owner;
  }

  get isArmed(): boolean {
    return this.watch?.isArmed === true;
  }

  watchers(): Watch {
    this.watch ??= new Watch(this);
    return this.watch;
  }

  /** The end, taking over an ancestor's or the passed deadline, whichever came first, where nobody waited for it. */
  settled(now?: number): End | undefined {
    if (this.end !== undefined) return this.#ended(this.end);
    const above = this.upstream?.settled(now);
    if (above !== undefined && !(this.#hasOwnDeadline() && this.deadline! < above.at)) this.#finish(above);
    else if (this.#hasOwnDeadline() && (now ?? this.clock.now()) >= this.deadline!) this.#expire();
    return this.end as End | undefined;
  }

  /** Its own or an ancestor's end, as far as it is known without a look at the clock. */
  known(): End | typeof disposed | undefined {
    for (let node: EndingNode | undefined = this; node !== undefined; node = node.upstream) {
      if (node.end !== undefined) return node.end;
    }
    return undefined;
  }

  listenUpstream(upstream: DoneListener): void {
    this.upstream?.watchers().enter(upstream);
  }

  armTimer(): Timer | undefined {
    if (!this.#hasOwnDeadline()) return undefined;
    return this.clock.at(this.deadline!, () => this.#expire());
  }

  upstreamDone(): void {
    this.settled();
  }

  #ended(end: End | typeof disposed): End {
    if (end !== disposed) return end;
    const canceled = new End('canceled', Number.NEGATIVE_INFINITY, undefined, true);
    this.end = canceled;
    return canceled;
  }

  #cancel(cause: unknown, isDisposal: boolean): void {
    if (this.end !== undefined) return;
    const now = this.clock.now();
    if (this.settled(now) === undefined) this.#finish(new End('canceled', now, cause, isDisposal));
  }

  /** Whether its deadline is earlier than those above: theirs end it through them. */
  #hasOwnDeadline(): boolean {
    return this.deadline !== this.upstream?.deadline;
  }

  #expire(): void {
    this.#finish(new End('deadline_exceeded', this.deadline!, this.timeoutCause));
  }

  #finish(end: End): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.watch?.announce();
  }
}

/** The end of a node that was disposed while nobody waited: the End itself is made when someone asks. */
const disposed = Symbol('disposed');

/** Calls `fn` in a microtask. */
function soon(fn: () => void): Stop {
  const stop = once();
  queueMicrotask(() => {
    if (stop()) fn();
  });
  return stop;
}

/** Reports true the first time only. */
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
  return new RootNode(clock);
}

const root = new RootNode(systemClock);

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
