/** One parked operation, or one armed timer of the system clock. */
export interface WaitInfo {
  /** What it waits for: `recv on chan "jobs" (0 of 8)`. */
  readonly what: string;
  /** For how long, in milliseconds. */
  readonly forMs: number;
  /** Where: a line per frame, innermost first, without the frames of Node and of `flotilla/concurrency`. */
  readonly stack: readonly string[];
}

/** One task and what it waits for. */
export interface TaskInfo {
  /** Counted from 1 in the order of the starts; 0 stands for all that was not started as a task. */
  readonly id: number;
  readonly name: string;
  /** The task that started it; 0: it was started outside of all tasks. */
  readonly parent: number;
  /** Milliseconds since it was started. */
  readonly ageMs: number;
  /** Where it was started, as the stack of a wait. */
  readonly started: readonly string[];
  /** It has ended, and what is listed here it has left behind. */
  readonly hasEnded: boolean;
  /** None: it runs, or awaits something that is not of `flotilla/concurrency`. */
  readonly waits: readonly WaitInfo[];
  /** The timers that it armed, also those of its Contexts' deadlines. */
  readonly timers: readonly WaitInfo[];
}
