/** What the newest intervals of a node say. */
export interface Sample {
  readonly calls: number;
  readonly failures: number;
  /**
   * The geometric mean of the calls that succeeded: one straggler of twenty that takes a hundred times as long moves it by
   * a quarter, where it would make the arithmetic one six times as large. Undefined below half of the calls wanted.
   */
  readonly latencyMs: number | undefined;
}

/** Answers in less than this count as this. */
const leastMs = 0.01;

/** Counters of one node in a ring of intervals. Which of them is current is its owner's to say: all nodes turn together. */
export class NodeHistory {
  readonly #calls: Float64Array;
  readonly #failures: Float64Array;
  readonly #successes: Float64Array;
  readonly #logs: Float64Array;

  constructor(intervals: number) {
    this.#calls = new Float64Array(intervals);
    this.#failures = new Float64Array(intervals);
    this.#successes = new Float64Array(intervals);
    this.#logs = new Float64Array(intervals);
  }

  failed(slot: number): void {
    this.#calls[slot]!++;
    this.#failures[slot]!++;
  }

  /** An answer, if only that there is no such thing: its time counts where it is a success. */
  answered(slot: number, latencyMs: number | undefined): void {
    this.#calls[slot]!++;
    if (latencyMs === undefined) return;
    this.#successes[slot]!++;
    this.#logs[slot]! += Math.log(Math.max(latencyMs, leastMs));
  }

  calls(slot: number): number {
    return this.#calls[slot]!;
  }

  failures(slot: number): number {
    return this.#failures[slot]!;
  }

  clear(slot: number): void {
    this.#calls[slot] = 0;
    this.#failures[slot] = 0;
    this.#successes[slot] = 0;
    this.#logs[slot] = 0;
  }

  /** The newest intervals, from `slot` back, that have `minCalls` together: a busy node is judged by its last second. */
  newest(slot: number, minCalls: number): Sample {
    const size = this.#calls.length;
    let calls = 0;
    let failures = 0;
    let successes = 0;
    let logs = 0;
    for (let back = 0; back < size && calls < minCalls; back++) {
      const at = (slot - back + size) % size;
      calls += this.#calls[at]!;
      failures += this.#failures[at]!;
      successes += this.#successes[at]!;
      logs += this.#logs[at]!;
    }
    const hasLatency = successes > 0 && successes * 2 >= minCalls;
    return { calls, failures, latencyMs: hasLatency ? Math.exp(logs / successes) : undefined };
  }
}
