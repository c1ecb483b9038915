import { recorderFor } from '../debug/debug-mode.ts';

/** Something that waits, or runs, and that debug mode lists. */
export interface Tracked {
  /** What it is or waits for, for a person: `recv on chan "jobs" (0 of 8)`. Asked only when a list is printed. */
  describe(): string;
}

/** What debug mode wants to hear of. */
export interface Tracker {
  /** An operation parks. The stack at the time of the call is the place that waits. */
  parked(wait: Tracked): void;
  /** It goes on, with an outcome or an error. */
  resumed(wait: Tracked): void;
  /** A task starts in the running task, or in none. Runs `body` as it. */
  task<T>(task: Tracked, body: () => T): T;
  ended(task: Tracked): void;
  /** A timer of the system clock is armed; it keeps the process alive. */
  armed(timer: Tracked): void;
  disarmed(timer: Tracked): void;
  /**
   * A Context is disposed, at the end of its `using` block, while this still waits under it. That is a mistake only where
   * the wait began in the same synchronous run, as in `return call(ctx)` without `await`: it never had a chance. A wait
   * that began earlier may be what the block wanted to end: a helper, the loser of a race.
   */
  disposedWhileWaited?(wait: Tracked): void;
}

/**
 * Undefined unless debug mode is on: the paths that would tell it look at this one variable.
 *
 * The environment decides here, once, since all that parks imports this module, through whatever door, and a program then
 * needs no line of its own. To load the diagnostics only when they are asked for would take a top-level await, with which
 * no CommonJS program could load the package; unasked, they cost the loading of a few small files.
 */
export let tracker: Tracker | undefined = recorderFor(process.env.FLOTILLA_DEBUG);

/** Sets or removes it. Only the diagnostics do. */
export function setTracker(next: Tracker | undefined): void {
  tracker = next;
}
