import { type Clock, systemClock } from '../../concurrency/index.ts';
import { checkRange } from '../check-option.ts';
import { type Bulkhead, bulkhead } from './bulkhead.ts';
import type { BulkheadOptions, BulkheadSettings } from './bulkhead-options.ts';

/** What `configure` changes of it: the bounds of the lane, and what is slow. */
export interface SlowLaneSettings extends BulkheadSettings {
  /** A method is slow when its calls take so many times as long as those of the median method, from 2. Default: 8. */
  readonly slowFactor?: number;
  /** And at least so long. Default: 50. */
  readonly slowMs?: number;
}

export interface SlowLaneOptions extends SlowLaneSettings, Omit<BulkheadOptions, keyof BulkheadSettings> {}

/** Finds out which methods are slow, and bounds how many of their calls run at once. */
export interface SlowLane {
  readonly name: string;
  /** As they are now: what `configure` would take to change nothing. */
  readonly settings: SlowLaneSettings;
  /** Where the calls of slow methods run. */
  readonly lane: Bulkhead;
  /** Methods are known by their names, which must not come from strangers. */
  isSlow(method: string): boolean;
  /** How long a call that succeeded took, without its wait for a place. */
  record(method: string, durationMs: number): void;
  configure(change: Partial<SlowLaneSettings>): void;
  /** Slow methods and how long they take, in ms. */
  slowMethods(): readonly { readonly method: string; readonly typicalMs: number }[];
}

/** How much of the typical time the last call is. */
const smoothing = 0.05;
/** A method is judged from so many calls on: the first ones find cold caches. */
const minCalls = 20;
/** Calls between two looks at all methods: sorting them costs microseconds. */
const callsPerLook = 64;

class Method {
  calls = 0;
  typicalMs = 0;
  isSlow = false;
}

/**
 * A lane of its own for methods that take much longer than the others, so that they cannot occupy the whole server: a
 * report of 20 s beside reads of 5 ms. Nobody says which they are; it is learned from the calls that succeed, by their
 * moving average. The median is over methods, not calls; of two methods it is the faster one. A method leaves the lane when
 * it is below half of what brought it there, so that it does not come and go.
 */
export function slowLane(options: SlowLaneOptions): SlowLane {
  return new LearnedLane(options);
}

class LearnedLane implements SlowLane {
  readonly name: string;
  readonly lane: Bulkhead;
  readonly #methods = new Map<string, Method>();
  #slowFactor = 8;
  #slowMs = 50;
  #untilLook = callsPerLook;

  constructor(options: SlowLaneOptions) {
    const clock: Clock = options.clock ?? systemClock;
    this.name = options.name;
    this.#judgeBy(options);
    this.lane = bulkhead({ ...options, clock });
  }

  get settings(): SlowLaneSettings {
    return { ...this.lane.settings, slowFactor: this.#slowFactor, slowMs: this.#slowMs };
  }

  isSlow(method: string): boolean {
    return this.#methods.get(method)?.isSlow ?? false;
  }

  record(method: string, durationMs: number): void {
    let known = this.#methods.get(method);
    if (known === undefined) {
      known = new Method();
      this.#methods.set(method, known);
    }
    // A plain mean at first, or the first call would count for too much.
    known.calls++;
    known.typicalMs += Math.max(smoothing, 1 / known.calls) * (durationMs - known.typicalMs);
    if (--this.#untilLook > 0) return;
    this.#untilLook = callsPerLook;
    this.#look();
  }

  configure(change: Partial<SlowLaneSettings>): void {
    const { slowFactor: _factor, slowMs: _ms, ...bounds } = change;
    this.#judgeBy(change);
    this.lane.configure(bounds);
    this.#look();
  }

  slowMethods(): readonly { readonly method: string; readonly typicalMs: number }[] {
    return [...this.#methods]
      .filter(([, { isSlow }]) => isSlow)
      .map(([method, { typicalMs }]) => ({ method, typicalMs }));
  }

  #judgeBy({ slowFactor = this.#slowFactor, slowMs = this.#slowMs }: Partial<SlowLaneSettings>): void {
    checkRange('slowLane', 'slowFactor', slowFactor, 2, 1_000);
    checkRange('slowLane', 'slowMs', slowMs, 0, 3_600_000);
    this.#slowFactor = slowFactor;
    this.#slowMs = slowMs;
  }

  #look(): void {
    const judged = [...this.#methods.values()].filter(({ calls }) => calls >= minCalls);
    const sorted = judged.map(({ typicalMs }) => typicalMs).sort((a, b) => a - b);
    const median = sorted[(sorted.length - 1) >> 1];
    if (median === undefined) return;
    const limitMs = Math.max(this.#slowMs, this.#slowFactor * median);
    for (const method of judged) {
      method.isSlow = method.typicalMs > (method.isSlow ? limitMs / 2 : limitMs);
    }
  }
}
