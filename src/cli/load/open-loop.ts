import { type Clock, type Context, isContextError, sleep, until } from '../../concurrency/index.ts';
import { type ArrivalKind, arrivals } from './arrivals.ts';
import { isSuccess, type LoadReply, type LoadRequest } from './request.ts';
import type { Tally } from './tally.ts';

export interface OpenLoopOptions {
  readonly ratePerSecond: number;
  readonly durationMs: number;
  readonly arrivals: ArrivalKind;
  readonly random: () => number;
  /** A request that is due while so many run is not sent, and counted as such. */
  readonly maxInFlight: number;
  readonly next: () => LoadRequest;
  readonly send: (request: LoadRequest) => Promise<LoadReply>;
  readonly tally: Tally;
  /** What still runs this long after the last arrival is left behind. Default: 10,000 ms. */
  readonly lingerMs?: number;
}

/**
 * Sends requests at the times when they are due, whether or not earlier ones were answered, and measures each from the
 * time when it was due: a server that stalls cannot slow its load down and so hide the stall. Resolves when the time is
 * over, or `ctx` ends, and what ran has ended or was left behind.
 */
export async function openLoop(ctx: Context, options: OpenLoopOptions): Promise<void> {
  const { tally, durationMs, lingerMs = 10_000 } = options;
  const run = new Run(ctx.clock, options);
  try {
    for (const dueMs of arrivals(options.arrivals, options.ratePerSecond, options.random)) {
      if (dueMs >= durationMs) break;
      const waitMs = run.startedAt + dueMs - ctx.clock.now();
      if (waitMs > 0) await sleep(ctx, waitMs);
      else ctx.throwIfDone();
      run.send(run.startedAt + dueMs);
    }
    const restMs = run.startedAt + durationMs - ctx.clock.now();
    if (restMs > 0) await sleep(ctx, restMs);
  } catch (error) {
    if (!isContextError(error)) throw error;
  }
  tally.ended(ctx.clock.now() - run.startedAt);
  using linger = ctx.withoutCancel().withTimeout(ctx.err() === undefined ? lingerMs : 0);
  await until(linger, run.idle()).catch(() => {});
  run.over = true;
  tally.leftBehind(run.inFlight);
}

class Run {
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #options: OpenLoopOptions;
  inFlight = 0;
  over = false;
  #onIdle: (() => void) | undefined;

  constructor(clock: Clock, options: OpenLoopOptions) {
    this.#clock = clock;
    this.#options = options;
    this.startedAt = clock.now();
  }

  send(dueAt: number): void {
    const { maxInFlight, next, send, tally } = this.#options;
    const request = next();
    if (this.inFlight >= maxInFlight) {
      tally.notSent();
      return;
    }
    this.inFlight++;
    tally.sent(this.#clock.now() - dueAt);
    void send(request).then((reply) => {
      // What was left behind is counted already.
      if (this.over) return;
      tally.answered(request.name, reply, isSuccess(reply), this.#clock.now() - dueAt);
      if (--this.inFlight === 0) this.#onIdle?.();
    });
  }

  idle(): Promise<void> {
    return this.inFlight === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onIdle = resolve));
  }
}
