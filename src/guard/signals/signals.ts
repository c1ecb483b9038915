/** What a server can feel of its own load. All of it must be cheap to read: it is read for every call. */
export interface OverloadSignals {
  readonly loop: LoopSignal;
  readonly resources: ResourceSignal;
}

/** The event loop, turn by turn: a turn is what runs between two looks at the sockets, and what a new arrival waits for. */
export interface LoopSignal {
  /** How long this turn has been running, in ms. The first call in a turn begins it. */
  turnMs(): number;
  /** The last window that has ended. A new object for each: compare it to know whether there is one. */
  window(): LoopWindow;
}

/** What the turns of about 100 ms were like. */
export interface LoopWindow {
  /** On the clock, when it ended. */
  readonly endedAt: number;
  readonly lengthMs: number;
  readonly turns: number;
  /** The shortest turn: what every arrival had to wait at least. 0 if the loop had nothing to do. */
  readonly minTurnMs: number;
  readonly maxTurnMs: number;
  /** How much of the window the loop waited for something to do, 0 to 1. */
  readonly idleShare: number;
}

/** What a process uses up slowly. */
export interface ResourceSignal {
  /** The last sample, about 500 ms old at most. */
  read(): ResourceReading;
}

/** Shares from 0 to 1; 0 where nothing is known. */
export interface ResourceReading {
  /** The event loop's busy share. */
  readonly utilization: number;
  /** CPU of all threads, of what the container or the machine gives. */
  readonly cpuShare: number;
  /** Used heap, of V8's limit. */
  readonly heapShare: number;
  /** The container's memory without file cache, of its limit; 0 without a limit. */
  readonly memoryShare: number;
}
