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
}

/** Undefined unless debug mode is on: the paths that would tell it look at this one variable. */
export let tracker: Tracker | undefined;

/** Sets or removes it. Only the diagnostics do. */
export function setTracker(next: Tracker | undefined): void {
  tracker = next;
}
