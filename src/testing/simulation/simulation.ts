import type { Clock, Timer } from '../../concurrency/index.ts';
import { type Random, seededRandom } from './random.ts';

/** A world of its own: its time stands still between events, and its chance comes from a seed. */
export interface Simulation {
  /** Starts at 0 and moves only in `run`. A timer that is due at the same time as another comes after it if armed later. */
  readonly clock: Clock;
  readonly random: Random;
  readonly seed: number;
  /**
   * Calls, in order of time, all that is due up to `untilMs`, also what is armed on the way, and leaves the clock there.
   * Synchronous: a million events take about a second. What throws ends the run with its error.
   */
  run(untilMs: number): void;
  /** How many events were called so far. */
  readonly events: number;
}

/** An event that can be called off; it leaves the heap when it is due. */
class SimulatedTimer implements Timer {
  readonly due: number;
  readonly order: number;
  fn: (() => void) | undefined;

  constructor(due: number, order: number, fn: () => void) {
    this.due = due;
    this.order = order;
    this.fn = fn;
  }

  stop(): boolean {
    const pending = this.fn !== undefined;
    this.fn = undefined;
    return pending;
  }
}

/**
 * A discrete-event simulation: what would take minutes and many machines takes a second, and comes out the same for the
 * same seed. Everything that takes a Clock and a `random` can run in it, as policies of `flotilla/guard` do.
 *
 *     const world = simulation({ seed: 7 });
 *     world.clock.after(20, () => console.log(world.clock.now()));
 *     world.run(1000);
 *
 * Nothing in it may wait for a promise: those settle after `run` has returned.
 */
export function simulation({ seed }: { readonly seed: number }): Simulation {
  const random = seededRandom(seed);
  const heap: SimulatedTimer[] = [];
  let now = 0;
  let order = 0;
  let events = 0;
  const at = (time: number, fn: () => void): Timer => {
    if (Number.isNaN(time)) throw new RangeError('simulation: an event at NaN');
    const timer = new SimulatedTimer(Math.max(time, now), order++, fn);
    push(heap, timer);
    return timer;
  };
  return {
    clock: { now: () => now, after: (ms, fn) => at(now + ms, fn), at },
    random,
    seed,
    run(untilMs) {
      while (heap.length > 0 && heap[0]!.due <= untilMs) {
        const timer = pop(heap);
        const { fn } = timer;
        if (fn === undefined) continue;
        timer.fn = undefined;
        now = timer.due;
        events++;
        fn();
      }
      now = Math.max(now, untilMs);
    },
    get events() {
      return events;
    },
  };
}

function isBefore(a: SimulatedTimer, b: SimulatedTimer): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

function push(heap: SimulatedTimer[], timer: SimulatedTimer): void {
  let hole = heap.length;
  heap.push(timer);
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[hole] = heap[parent]!;
    hole = parent;
  }
  heap[hole] = timer;
}

function pop(heap: SimulatedTimer[]): SimulatedTimer {
  const first = heap[0]!;
  const last = heap.pop()!;
  const size = heap.length;
  if (size === 0) return first;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= size) break;
    if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = last;
  return first;
}
