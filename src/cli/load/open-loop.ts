import { type Context, group, isContextError, sleep, until } from '../../concurrency/index.ts';
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
  const { durationMs, maxInFlight, next, send, tally, lingerMs = 10_000 } = options;
  const { clock } = ctx;
  const startedAt = clock.now();
  await using inFlight = group(ctx.withoutCancel(), { limit: maxInFlight });
  try {
    for (const dueMs of arrivals(options.arrivals, options.ratePerSecond, options.random)) {
      if (dueMs >= durationMs) break;
      const dueAt = startedAt + dueMs;
      const waitMs = dueAt - clock.now();
      if (waitMs > 0) await sleep(ctx, waitMs);
      else ctx.throwIfDone();
      const request = next();
      const sent = inFlight.tryGo(async (own) => {
        tally.sent(clock.now() - dueAt);
        const reply = await until(own, send(request));
        tally.answered(request.name, reply, isSuccess(reply), clock.now() - dueAt);
      });
      if (sent === undefined) tally.notSent();
    }
    const restMs = startedAt + durationMs - clock.now();
    if (restMs > 0) await sleep(ctx, restMs);
  } catch (error) {
    if (!isContextError(error)) throw error;
  }
  tally.ended(clock.now() - startedAt);
  using linger = ctx.withoutCancel().withTimeout(ctx.err() === undefined ? lingerMs : 0);
  try {
    await until(linger, inFlight.wait());
  } catch (error) {
    if (linger.err() === undefined) throw error;
    tally.leftBehind(inFlight.size);
    inFlight.cancel();
  }
}
